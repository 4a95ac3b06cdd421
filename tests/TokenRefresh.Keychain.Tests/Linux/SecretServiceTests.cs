using FluentAssertions;
using TokenRefresh.Keychain.Tests.Support;

namespace TokenRefresh.Keychain.Tests.Linux;

/// <summary>What goes wrong with a keyring: each is told apart, and none of it leads to a write or costs a login.</summary>
public sealed class SecretServiceTests : IAsyncDisposable
{
    private const string Item = "tests";

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private readonly List<IAsyncDisposable> _made = [];
    private readonly LogCollector _logs = new();
    private LoopbackAuthorizationServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable made in Enumerable.Reverse(_made))
        {
            await made.DisposeAsync();
        }

        _logs.Dispose();
    }

    [Fact]
    public async Task A_locked_keyring_is_no_missing_login()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        CoordinatedTokenProvider provider = Provide(store);
        await keyring.LockAsync();

        KeychainException failure = await FailureOfAsync(provider);

        failure.Failure.Should().Be(KeychainFailure.Locked);
        _server.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task A_locked_keyring_without_the_item_is_no_missing_login_either()
    {
        Keyring keyring = await StartAsync();
        await keyring.LockAsync();
        using KeychainCredentialsStore store = Keyring.Open(keyring.Directory, Item);

        Func<Task> read = async () => await store.ReadAsync(Cancellation);

        (await read.Should().ThrowAsync<CredentialsFileException>())
            .Which.InnerException.Should().BeOfType<KeychainException>().Which.Failure.Should().Be(KeychainFailure.Locked);
    }

    [Fact]
    public async Task A_stopped_service_costs_no_more_than_the_time_limit_and_no_request()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        CoordinatedTokenProvider provider = Provide(store);
        Stop(keyring, store);

        KeychainException failure = await FailureOfAsync(provider);

        failure.Failure.Should().Be(KeychainFailure.TimedOut);
        _server.Books.TokenRequests.Should().Be(0);
        Continue(keyring, store);
        (await provider.GetAccessTokenAsync(Cancellation)).Should().NotBeNull();
        _server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_service_stopped_during_a_save_keeps_the_lock_until_the_write_has_ended()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        using KeychainCredentialsStore other = Keyring.Open(keyring.Directory, Item);
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.FromSeconds(30), Cancellation))!;
        OAuthCredentials? stored = await lease.ReadAsync(Cancellation);
        await lease.PrepareAsync(Cancellation);
        OAuthCredentials next = _server.IssueLogin().Credentials;
        keyring.Stop();

        Func<Task> save = async () => await store.WriteAsync(store.Item, Bytes(next), Short, Keep(lease));
        (await save.Should().ThrowAsync<KeychainException>()).Which.Failure.Should().Be(KeychainFailure.TimedOut);
        await lease.DisposeAsync();

        (await other.AcquireLeaseAsync(TimeSpan.Zero, Cancellation)).Should().BeNull("a write may still happen");
        _logs.CountOf(8002).Should().Be(1);
        keyring.Continue();
        await using ICredentialsLease? granted = await other.AcquireLeaseAsync(TimeSpan.FromSeconds(30), Cancellation);
        (await granted!.ReadAsync(Cancellation))!.AccessToken
            .Should().Be(stored!.AccessToken, "the write had not begun, and its time is over");
    }

    [Fact]
    public async Task Tokens_whose_save_hangs_are_served_and_saved_later()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        CoordinatedTokenProvider provider = Provide(store);
        using ParkedRequest exchange = _server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        Task<AccessToken> getting = provider.GetAccessTokenAsync(Cancellation).AsTask();
        await exchange.Arrived;
        Stop(keyring, store);

        exchange.Release();

        AccessToken token = await getting;
        Continue(keyring, store);
        await provider.DisposeAsync();
        (await ReadLoginAsync(keyring))!.AccessToken.Should().Be(token.Value);
        (_server.Books.TokenRequests, _server.Books.Reuses).Should().Be((1, 0));
    }

    [Fact]
    public async Task A_service_killed_in_the_middle_of_a_save_costs_no_token()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        CoordinatedTokenProvider provider = Provide(store);
        using ParkedRequest exchange = _server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        Task<AccessToken> getting = provider.GetAccessTokenAsync(Cancellation).AsTask();
        await exchange.Arrived;
        await keyring.KillAsync();
        store.Options.WriteTimeout = Short;

        exchange.Release();

        AccessToken token = await getting;
        await keyring.StartDaemonAsync();
        await provider.DisposeAsync();
        (await ReadLoginAsync(keyring))!.AccessToken.Should().Be(token.Value);
        (_server.Books.TokenRequests, _server.Books.Reuses).Should().Be((1, 0));
    }

    [Fact]
    public async Task A_save_waits_for_a_service_that_is_started_again()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        OAuthCredentials? stored = await lease.ReadAsync(Cancellation);
        OAuthCredentials next = _server.IssueLogin().Credentials;
        await keyring.KillAsync();

        Task<CredentialsCommit> commit = lease.CommitAsync(stored, next, Cancellation).AsTask();
        await keyring.StartDaemonAsync();

        (await commit).IsCommitted.Should().BeTrue();
        (await ReadLoginAsync(keyring))!.HasSameTokens(next).Should().BeTrue();
    }

    [Fact]
    public async Task A_service_that_was_started_again_is_used_again()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        OAuthCredentials? before = await store.ReadAsync(Cancellation);
        await keyring.KillAsync();
        await keyring.StartDaemonAsync();

        OAuthCredentials? after = await store.ReadAsync(Cancellation);

        after!.HasSameTokens(before).Should().BeTrue();
    }

    [Fact]
    public async Task An_item_that_is_gone_with_its_keyring_is_no_sign_out_and_a_sign_in_replaces_it()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        CoordinatedTokenProvider provider = Provide(store);
        await keyring.KillAsync();
        await keyring.StartDaemonAsync("other-keyrings");

        KeychainException failure = await FailureOfAsync(provider);

        failure.Failure.Should().Be(KeychainFailure.Gone);
        (await Keyring.ReadAsync(keyring.Directory, Item)).Should().BeNull();
        OAuthCredentials login = _server.IssueLogin().Credentials;
        await provider.StoreAsync(login, Cancellation);
        (await provider.GetAccessTokenAsync(Cancellation)).Value.Should().Be(login.AccessToken);
    }

    [Fact]
    public async Task A_sign_out_deletes_the_item_and_is_believed()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        await using CoordinatedTokenProvider provider = Provide(store);

        await provider.RemoveAsync(Cancellation);

        (await Keyring.ReadAsync(keyring.Directory, Item)).Should().BeNull();
        (await store.ReadAsync(Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task A_bus_without_a_service_is_told_apart()
    {
        _made.Add(_server = await LoopbackAuthorizationServer.StartAsync());
        Keyring keyring = await Keyring.StartBusAsync();
        _made.Add(keyring);
        using KeychainCredentialsStore store = Keyring.Open(keyring.Directory, Item);

        KeychainException failure = await FailureOfAsync(Provide(store));

        failure.Failure.Should().Be(KeychainFailure.Unavailable);
    }

    [Fact]
    public async Task An_item_that_is_no_document_is_never_replaced()
    {
        Keyring keyring = await StartAsync();
        await Keyring.WriteAsync(keyring.Directory, Item, "someone's password");
        using KeychainCredentialsStore store = Keyring.Open(keyring.Directory, Item);
        CoordinatedTokenProvider provider = Provide(store);

        Func<Task> signIn = () => provider.StoreAsync(_server.IssueLogin().Credentials, Cancellation);

        (await signIn.Should().ThrowAsync<CredentialsFileException>())
            .Which.Message.Should().NotContain("someone");
        (await Keyring.ReadAsync(keyring.Directory, Item)).Should().Equal("someone's password"u8.ToArray());
    }

    [Fact]
    public async Task No_message_has_a_token()
    {
        Keyring keyring = await StartAsync();
        KeychainCredentialsStore store = await OpenExpiredAsync(keyring);
        CoordinatedTokenProvider provider = Provide(store);
        using ParkedRequest exchange = _server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        Task<AccessToken> getting = provider.GetAccessTokenAsync(Cancellation).AsTask();
        await exchange.Arrived;
        Stop(keyring, store);
        exchange.Release();
        await getting;
        Continue(keyring, store);

        _logs.Text.Should().NotBeEmpty();
        _server.IssuedTokens.Should().OnlyContain(token => !_logs.Text.Contains(token, StringComparison.Ordinal));
    }

    // From here on the limits of the store are short, and long again once the service goes on.
    private static void Stop(Keyring keyring, KeychainCredentialsStore store)
    {
        keyring.Stop();
        store.Options.ReadTimeout = store.Options.WriteTimeout = Short;
    }

    private static void Continue(Keyring keyring, KeychainCredentialsStore store)
    {
        store.Options.ReadTimeout = store.Options.WriteTimeout = TimeSpan.FromMinutes(1);
        keyring.Continue();
    }

    private static Action<Task> Keep(ICredentialsLease lease) => ((KeychainLease)lease).Keep;

    private static byte[] Bytes(OAuthCredentials login) =>
        KeychainDocument.Parse(null, CredentialsFileFormat.ClaudeCode).Document.With(login);

    private static async Task<OAuthCredentials?> ReadLoginAsync(Keyring keyring)
    {
        using KeychainCredentialsStore store = Keyring.Open(keyring.Directory, Item);
        return await store.ReadAsync(Cancellation);
    }

    private static async Task<KeychainException> FailureOfAsync(CoordinatedTokenProvider provider)
    {
        Func<Task> getting = async () => await provider.GetAccessTokenAsync(Cancellation);
        CredentialsFileException failure = (await getting.Should().ThrowAsync<CredentialsFileException>()).Which;
        return failure.InnerException.Should().BeOfType<KeychainException>().Which;
    }

    private async Task<Keyring> StartAsync()
    {
        _made.Add(_server = await LoopbackAuthorizationServer.StartAsync());
        Keyring keyring = await Keyring.StartAsync();
        _made.Add(keyring);
        return keyring;
    }

    private async Task<KeychainCredentialsStore> OpenExpiredAsync(Keyring keyring)
    {
        KeychainCredentialsStore store = Keyring.Open(keyring.Directory, Item, _logs);
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation))!;
        await lease.CommitAsync(null, _server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials, Cancellation);
        return store;
    }

    private CoordinatedTokenProvider Provide(KeychainCredentialsStore store)
    {
        var provider = CoordinatedTokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId) = (_server.TokenUri, "tests"),
            new CoordinatedTokenProviderServices { CredentialsStore = store, LoggerFactory = _logs });
        _made.Add(provider);
        return provider;
    }
}
