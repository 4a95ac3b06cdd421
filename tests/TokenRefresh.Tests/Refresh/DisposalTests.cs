using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;

namespace TokenRefresh.Tests.Refresh;

public sealed class DisposalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F84", "F97")]
    public async Task Disposal_in_the_middle_of_an_exchange_waits_for_it_and_for_the_save(bool synchronous)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider, ParkPoint.AfterProcessing);

        Task disposal = synchronous ? Task.Run(provider.Dispose) : provider.DisposeAsync().AsTask();
        disposal.IsCompleted.Should().BeFalse();
        exchange.Release();
        await disposal;

        (await File.ReadAllTextAsync(login.Path)).Should().NotContain(login.Login.RefreshToken);
        (await login.CreateProvider().GetAccessTokenAsync()).Value.Should().Be((await exchange.Caller).Value);
        login.Server.Books.TokenRequests.Should().Be(1);
        Directory.EnumerateFiles(login.Directory.Path).Should().BeEquivalentTo([login.Path, login.LockPath]);
    }

    [Fact]
    [FailureMode("F97")]
    public async Task Disposal_is_idempotent_and_every_later_call_says_so()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        AccessToken token = await provider.GetAccessTokenAsync();
        await provider.GetAccessTokenAsync();

        provider.Dispose();
        await provider.DisposeAsync();
        provider.Dispose();

        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await provider.Awaiting(p => p.RefreshAccessTokenAsync(token).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await provider.Awaiting(p => p.GetStatusAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await provider.Awaiting(p => p.StoreAsync(login.Login.Credentials)).Should().ThrowAsync<ObjectDisposedException>();
        await provider.Awaiting(p => p.RemoveAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    [FailureMode("F97")]
    public async Task One_provider_s_disposal_ends_its_own_waiters_and_no_one_else_s()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(login.CreateProvider());
        CoordinatedTokenProvider leaving = login.CreateProvider();
        Task<AccessToken> left = leaving.GetAccessTokenAsync().AsTask();
        Task<AccessToken> waiting = login.CreateProvider().GetAccessTokenAsync().AsTask();

        await leaving.DisposeAsync();

        await left.Invoking(task => task).Should().ThrowAsync<ObjectDisposedException>();
        waiting.IsCompleted.Should().BeFalse();
        exchange.Release();
        (await waiting).Value.Should().Be((await exchange.Caller).Value);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F97")]
    public async Task A_caller_that_hears_of_the_disposal_may_dispose_too()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(login.CreateProvider());
        using var store = new QueueWatchingStore(login.CreateStore());
        CoordinatedTokenProvider leaving = login.CreateProvider(
            o => (o.RefreshTimeout, o.LockTimeout) = (TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10)),
            services: new() { CredentialsStore = store });

        // Without a context, as in a console program: this goes on wherever the wait was ended.
        Task left = Task.Run(async () =>
        {
            await leaving.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
            leaving.Dispose();
        });
        await store.SomebodyWaits;

        await Task.WhenAll(leaving.DisposeAsync().AsTask(), left).WaitAsync(TimeSpan.FromSeconds(30));

        await exchange.FinishAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F97")]
    public async Task A_sign_in_or_sign_out_that_waits_for_the_lock_ends_with_the_provider_and_changes_nothing(bool signsOut)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The foreign holder uses flock.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        byte[] before = await File.ReadAllBytesAsync(login.Path);
        using ForeignLock foreign = ForeignLock.Hold(
            login.LockPath, new LockHolder(Environment.ProcessId, "other", Environment.MachineName, DateTimeOffset.UnixEpoch));
        using var store = new QueueWatchingStore(login.CreateStore());
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store });
        Task change = signsOut ? provider.RemoveAsync() : provider.StoreAsync(login.Server.IssueLogin().Credentials);
        await store.SomebodyWaits;

        await provider.DisposeAsync();

        change.IsCompleted.Should().BeTrue("nothing of the provider runs any more");
        await change.Invoking(task => task).Should().ThrowAsync<ObjectDisposedException>();
        foreign.Dispose();
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(before);
    }

    [Fact]
    [FailureMode("F97")]
    public async Task Disposal_gives_up_an_exchange_that_never_ends_after_refresh_and_save_time_out_together()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = clock });
        var client = new DeafClient();
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => (o.RefreshTimeout, o.SaveTimeout) = (TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(4)),
            new() { TimeProvider = clock, TokenEndpointClient = client });
        Task<AccessToken> caller = provider.GetAccessTokenAsync().AsTask();
        await client.IsAsked;

        Task disposal = provider.DisposeAsync().AsTask();
        await clock.WaitForTimerDueInAsync(TimeSpan.FromSeconds(29));
        clock.Advance(TimeSpan.FromSeconds(28));
        disposal.IsCompleted.Should().BeFalse();
        clock.Advance(TimeSpan.FromSeconds(1));
        await disposal;

        client.Answer();
        await Xunit.Record.ExceptionAsync(() => caller);
    }

    [Fact]
    [FailureMode("F83")]
    public async Task A_login_is_stored_by_one_replacement_that_is_made_durable()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        IssuedLogin next = login.Server.IssueLogin();
        string? afterReplace = null;
        var files = new AfterReplace(() => afterReplace = File.ReadAllText(login.Path));
        using var store = login.CreateStore(files);
        await using CoordinatedTokenProvider provider = login.CreateProvider(services: new() { CredentialsStore = store });

        await provider.StoreAsync(next.Credentials);

        files.Steps.Should().HaveCount(2);
        files.Steps[0].Should().StartWith("replace");
        files.Steps[1].Should().Be("flush directory");
        afterReplace.Should().Contain(next.AccessToken).And.Contain(next.RefreshToken).And.NotContain(login.Login.AccessToken);
        (await provider.GetAccessTokenAsync()).Value.Should().Be(next.AccessToken);
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    /// <summary>Answers when the test says so, whatever deadline it was given.</summary>
    private sealed class DeafClient : ITokenEndpointClient
    {
        private readonly TaskCompletionSource _isAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<TokenEndpointResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task IsAsked => _isAsked.Task;

        public ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
        {
            _isAsked.SetResult();
            return new(_answer.Task);
        }

        internal void Answer() => _answer.SetResult(TokenEndpointResult.Failure(TokenEndpointOutcome.NotSent, null));
    }

    private sealed class QueueWatchingStore(ICredentialsStore inner) : StoreDecorator(inner)
    {
        private readonly TaskCompletionSource _somebodyWaits = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task SomebodyWaits => _somebodyWaits.Task;

        public override ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
        {
            ValueTask<ICredentialsLease?> acquiring = Inner.AcquireLeaseAsync(timeout, cancellationToken);
            if (!acquiring.IsCompleted)
            {
                _somebodyWaits.TrySetResult();
            }

            return acquiring;
        }
    }
}
