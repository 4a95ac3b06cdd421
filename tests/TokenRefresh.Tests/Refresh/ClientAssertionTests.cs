using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Diagnostics;
using TokenRefresh.Tests.Record;

namespace TokenRefresh.Tests.Refresh;

/// <summary>A client that authenticates by an assertion of its own (RFC 7523 section 2.2).</summary>
public sealed class ClientAssertionTests
{
    private readonly ManualTimeProvider _clock = new();

    public enum Failure
    {
        Throws,
        ThrowsAtOnce,
        ThrowsCancellation,
        Hangs,
        Blocks,
    }

    [Theory]
    [InlineData(TokenRequestFormat.Form)]
    [InlineData(TokenRequestFormat.Json)]
    public async Task Each_exchange_asks_for_an_assertion_and_sends_it(TokenRequestFormat format)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        int asked = 0;
        CoordinatedTokenProvider provider = Create(
            login, _ => new($"header.{Interlocked.Increment(ref asked)}.signature"), o => o.RequestFormat = format);
        AccessToken first = await provider.GetAccessTokenAsync();

        await provider.RefreshAccessTokenAsync(first);

        login.Server.ReceivedTokenRequests.Select(request => request.Parameters["client_assertion"])
            .Should().Equal("header.1.signature", "header.2.signature");
        login.Server.ReceivedTokenRequests[0].Parameters.Should()
            .Contain("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .And.Contain("client_id", "tests")
            .And.NotContainKey("client_secret");
        login.Server.ReceivedTokenRequests[0].Headers.Should().NotContainKey("Authorization");
    }

    [Theory]
    [InlineData(Failure.Throws)]
    [InlineData(Failure.ThrowsAtOnce)]
    [InlineData(Failure.ThrowsCancellation)]
    [InlineData(Failure.Hangs)]
    [InlineData(Failure.Blocks)]
    [FailureMode("F104")]
    public async Task A_delegate_that_throws_or_hangs_is_a_transient_error_and_leaves_nothing_behind(Failure failure)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        using var end = new ManualResetEventSlim();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Failure? now = failure;
        CoordinatedTokenProvider provider = Create(login, _ =>
        {
            asked.TrySetResult();
            return now is { } how ? Fail(how, end) : new("assertion");
        });

        Task<AccessToken> call = provider.GetAccessTokenAsync().AsTask();
        await asked.Task;
        if (failure is Failure.Hangs or Failure.Blocks)
        {
            _clock.Advance(new TokenRefreshOptions().AttemptTimeout);
        }

        (await FluentActions.Awaiting(() => call).Should().ThrowAsync<TokenEndpointUnavailableException>())
            .WithMessage("'ClientAssertion' *Nothing was sent; the refresh token is untouched.*")
            .Which.IsTransient.Should().BeTrue();
        await ShouldHaveLeftNothingBehindAsync(login);
        end.Set();
        now = null;
        login.Server.IsAccepted((await provider.GetAccessTokenAsync()).Value).Should().BeTrue();
    }

    [Theory]
    [InlineData(null, "'ClientAssertion' returned nothing.*")]
    [InlineData("", "'ClientAssertion' returned nothing.*")]
    [InlineData(" \n", "'ClientAssertion' returned nothing.*")]
    [InlineData("qz7vk.from.a.file\n", "'ClientAssertion' returned a value (not shown)*line end*")]
    [InlineData("qz7vk with spaces", "'ClientAssertion' returned a value (not shown)*")]
    [InlineData("qz7vk.\u00e9", "'ClientAssertion' returned a value (not shown)*")]
    [InlineData("qz7vk.\u007f", "'ClientAssertion' returned a value (not shown)*")]
    public async Task A_value_that_is_no_assertion_is_a_configuration_error_and_leaves_nothing_behind(string? value, string message)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        string? next = value;
        CoordinatedTokenProvider provider = Create(login, _ => new(next!));

        var call = provider.Awaiting(p => p.GetAccessTokenAsync().AsTask());

        (await call.Should().ThrowAsync<TokenRefreshConfigurationException>()).WithMessage(message)
            .Which.ToString().Should().NotContain("qz7vk");
        await ShouldHaveLeftNothingBehindAsync(login);
        next = "assertion";
        login.Server.IsAccepted((await provider.GetAccessTokenAsync()).Value).Should().BeTrue();
    }

    [Fact]
    public async Task A_delegate_that_asks_the_provider_itself_is_refused_and_does_not_wait_for_itself()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider? provider = null;
        provider = Create(login, async cancellation => (await provider!.GetAccessTokenAsync(cancellation)).Value);

        var call = provider.Awaiting(p => p.GetAccessTokenAsync().AsTask());

        (await call.Should().ThrowAsync<TokenEndpointUnavailableException>())
            .WithInnerException<InvalidOperationException>().WithMessage("*from inside its own refresh*");
    }

    [Fact]
    public async Task A_revocation_asks_too_and_one_that_cannot_be_authenticated_is_not_sent()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        int asked = 0;
        CoordinatedTokenProvider provider = Create(
            login,
            _ => ++asked == 1 ? throw new IOException("No key.") : new($"assertion-{asked}"),
            o => o.RevocationEndpoint = login.Server.RevocationUri);

        await provider.RemoveAsync();
        int sent = login.Server.Books.RevocationRequests;
        login.StoreValid();
        await provider.RemoveAsync();

        sent.Should().Be(0);
        asked.Should().Be(2);
        login.Server.Books.Should().BeEquivalentTo(new { RevocationRequests = 1, FamiliesRevokedByClient = 1 });
    }

    [Fact]
    [FailureMode("F88")]
    public async Task A_delegate_that_throws_what_it_returned_before_makes_no_secret_leave()
    {
        const string Assertion = "Yw5hN8cPf3UaQ6eGk1Ob.Tz4xVr7jDi2SmHl9";
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        using var output = new CollectedOutput();
        output.AddSecrets(Assertion, login.Login.RefreshToken, login.Login.AccessToken);
        int asked = 0;
        CoordinatedTokenProvider provider = Create(
            login,
            _ => ++asked == 1 ? new(Assertion) : throw new FormatException($"'{Assertion}' has expired."),
            services: output.Services(_clock));

        await output.RunAsync(async () => await provider.RefreshAccessTokenAsync(await provider.GetAccessTokenAsync()));

        asked.Should().Be(2);
        output.AddFilesOf(login);
        output.ShouldSay("'ClientAssertion' failed with 'FormatException'", "withheld");
        output.Leaks.Should().Be(0);
    }

    private static ValueTask<string> Fail(Failure how, ManualResetEventSlim end) =>
        how == Failure.ThrowsAtOnce ? throw new InvalidOperationException("No key.") : FailLaterAsync(how, end);

    private static async ValueTask<string> FailLaterAsync(Failure how, ManualResetEventSlim end)
    {
        await Task.Yield();
        switch (how)
        {
            case Failure.Throws:
                throw new InvalidOperationException("No key.");
            case Failure.ThrowsCancellation:
                throw new OperationCanceledException("A time limit of the delegate's own.");
            case Failure.Blocks:
                end.Wait();
                break;
            default:
                await Task.Run(end.Wait);
                break;
        }

        return "too late";
    }

    private static async Task ShouldHaveLeftNothingBehindAsync(SharedLogin login)
    {
        login.Server.Books.TokenRequests.Should().Be(0);
        using Stores.FileCredentialsStore store = login.CreateStore();
        TokenRefresh.Record.LoginRecord record = await Records.ReadAsync(store);
        record.Attempt.Should().BeNull();
        record.Holds.Should().BeEmpty("another process may have its key");
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.FromSeconds(10));
        lease.Should().NotBeNull();
    }

    private CoordinatedTokenProvider Create(
        SharedLogin login,
        Func<CancellationToken, ValueTask<string>> assertion,
        Action<TokenRefreshOptions>? configure = null,
        CoordinatedTokenProviderServices? services = null) =>
        login.CreateProvider(
            o =>
            {
                (o.ClientAuthentication, o.ClientAssertion) = (ClientAuthentication.ClientAssertion, assertion);
                configure?.Invoke(o);
            },
            services ?? new() { TimeProvider = _clock });
}
