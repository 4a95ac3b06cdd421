using FluentAssertions;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Credentials;

namespace TokenRefresh.Tests.Refresh;

/// <summary>
/// A wall clock that is set, or that a suspend moves on, at every moment of an exchange and under every note that names a time: no loop,
/// one extra refresh at most, and no one waits for an hour.
/// </summary>
public sealed class ClockStepTests
{
    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);

    // A clock set back by an hour, a suspend of half an hour, a clock set forward by an hour.
    private static readonly int[] Minutes = [-60, 30, 60];

    private readonly ManualTimeProvider _server = new();
    private readonly ManualTimeProvider _clock = new();

    public static TheoryData<int> Steps => [.. Minutes];

    public static MatrixTheoryData<string, int> StepsInAnExchange =>
        new(["before the request", "while the answer is awaited", "after the answer"], Minutes);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(StepsInAnExchange))]
    [FailureMode("F53", "F74")]
    public async Task A_step_in_an_exchange_costs_at_most_one_refresh_more_and_no_request_fails(string moment, int minutes)
    {
        await using SharedLogin login = await StartExpiredAsync();
        using var invoker = new HttpMessageInvoker(new ActsOnce(() => Step(moment == "before the request" ? minutes : 0)));
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.RefreshBeforeExpiration = TimeSpan.Zero, new() { TimeProvider = _clock, HttpMessageInvoker = invoker });

        using ParkedExchange<AccessToken> parked = await login.ParkAsync(provider, ParkPoint.AfterProcessing);
        Step(moment == "while the answer is awaited" ? minutes : 0);
        AccessToken token = await parked.FinishAsync();
        Step(moment == "after the answer" ? minutes : 0);

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(1);
        await ShouldServeForTwoHoursAsync(login, provider);

        // Now, in one hour and in two, and once for the step.
        login.Server.Books.TokenRequests.Should().BeInRange(2, 4);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    [FailureMode("F74")]
    public async Task A_step_under_a_pause_ends_it_or_leaves_it_as_long_as_it_was(int minutes)
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Throttle(429, TenMinutes));
        await ShouldFailAsync<TokenEndpointUnavailableException>(provider);

        Step(minutes);
        Pass(TenMinutes);

        login.Server.IsAccepted((await provider.GetAccessTokenAsync(Cancellation)).Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    [FailureMode("F74", "F52")]
    public async Task A_step_under_two_lost_answers_brings_one_try_and_no_loop(int minutes)
    {
        await using SharedLogin login = await StartExpiredAsync(
            new() { TimeProvider = _server, RefreshTokenReuseWindow = TimeSpan.FromDays(1) });
        CoordinatedTokenProvider provider = Provider(login);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.DropAfterProcessing;
        await ShouldFailAsync<RefreshOutcomeUnknownException>(provider);
        login.Server.Books.TokenRequests.Should().Be(2);

        Step(minutes);
        for (int i = 0; i < 5; i++)
        {
            await ShouldFailAsync<RefreshOutcomeUnknownException>(provider);
            await ShouldFailAsync<RefreshOutcomeUnknownException>(Provider(login));
        }

        login.Server.Books.TokenRequests.Should().BeInRange(2, 3);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Normal;
        Pass(TenMinutes);
        login.Server.IsAccepted((await provider.GetAccessTokenAsync(Cancellation)).Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().BeInRange(3, 4);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    [FailureMode("F74", "F13")]
    public async Task A_step_while_a_token_is_probably_rejected_prolongs_nothing(int minutes)
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = Provider(login);
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("not_found_error", 404));
        await ShouldFailAsync<SignInRequiredException>(provider);

        Step(minutes);
        Pass(TenMinutes);

        login.Server.IsAccepted((await provider.GetAccessTokenAsync(Cancellation)).Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    [FailureMode("F74", "F34")]
    public async Task A_step_with_unsaved_tokens_neither_delays_their_save_nor_revives_the_stored_token(int minutes)
    {
        await using SharedLogin login = await StartExpiredAsync();
        var files = new FileOperationsSpy();
        using FileCredentialsStore store = login.CreateStore(files, _clock);
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = login.CreateProvider(
            services: new() { CredentialsStore = store, TimeProvider = _clock, LoggerFactory = log });
        files.Before = operation => _ = operation == "temp.flush" ? throw new IOException("Input/output error") : 0;
        await provider.GetAccessTokenAsync(Cancellation);

        Step(minutes);
        AccessToken served = await provider.GetAccessTokenAsync(Cancellation);
        files.Before = null;
        await _clock.WaitForTimerDueInAsync(TimeSpan.FromSeconds(1));
        Pass(TimeSpan.FromSeconds(1));
        await log.WaitForAsync(TokenRefreshEventIds.UnsavedTokensSaved);

        login.Server.IsAccepted(served.Value).Should().BeTrue();
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().Contain(served.Value);
        login.Server.Books.TokenRequests.Should().BeInRange(1, 2);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    [FailureMode("F74", "F17")]
    public async Task A_step_after_a_failed_background_refresh_does_not_stop_the_next_one(int minutes)
    {
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = _server, AccessTokenLifetime = TimeSpan.FromHours(8) });
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.RefreshBeforeExpiration = TimeSpan.FromHours(3), new() { TimeProvider = _clock, LoggerFactory = log });
        await provider.GetAccessTokenAsync(Cancellation);

        // Late enough to be due an hour earlier too, whatever the spread; early enough to be valid an hour later.
        Pass(TimeSpan.FromHours(6.7));
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Throttle(503, retryAfter: null));
        await provider.GetAccessTokenAsync(Cancellation);
        await log.WaitForAsync(TokenRefreshEventIds.BackgroundRefreshFailed);

        Step(minutes);
        Pass(TimeSpan.FromMinutes(2));
        await provider.GetAccessTokenAsync(Cancellation);
        await log.WaitForAsync(TokenRefreshEventIds.Refreshed);

        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("1.5e3", 1)]
    [InlineData("-1", 0)]
    [InlineData("-62135596800001", 0)]
    [InlineData("-99999999999999999999", 0)]
    [InlineData("253402300799999", 0)]
    [InlineData("253402300800000", 0)]
    [InlineData("99999999999999999999", 0)]
    [InlineData("1e300", 0)]
    [FailureMode("F74", "F76")]
    public async Task An_expiry_far_in_the_past_or_beyond_the_calendar_costs_one_refresh_at_most(string expiresAt, int requests)
    {
        await using SharedLogin login = await StartExpiredAsync();
        string file = await File.ReadAllTextAsync(login.Path, Cancellation);
        await File.WriteAllTextAsync(login.Path, file.Replace("1577836800000", expiresAt, StringComparison.Ordinal), Cancellation);
        CoordinatedTokenProvider provider = Provider(login);

        for (int i = 0; i < 5; i++)
        {
            await provider.GetAccessTokenAsync(Cancellation);
            await Provider(login).GetAccessTokenAsync(Cancellation);
            Pass(TimeSpan.FromMinutes(5));
        }

        login.Server.Books.TokenRequests.Should().Be(requests);
        (await provider.GetStatusAsync(Cancellation)).State.Should().Be(TokenRefreshState.SignedIn);
        AccessToken next = await provider.RefreshAccessTokenAsync(await provider.GetAccessTokenAsync(Cancellation), Cancellation);
        next.ExpiresAt.Should().Be(_clock.GetUtcNow().AddHours(1));
        (await File.ReadAllTextAsync(login.Path, Cancellation)).Should().NotContain($"\"expiresAt\": {expiresAt},");
    }

    private Task<SharedLogin> StartExpiredAsync(LoopbackAuthorizationServerOptions? options = null) =>
        SharedLogin.StartWithPastExpiryAsync(options ?? new() { TimeProvider = _server });

    private CoordinatedTokenProvider Provider(SharedLogin login) => login.CreateProvider(services: new() { TimeProvider = _clock });

    private void Step(int minutes) => _clock.JumpWallClock(TimeSpan.FromMinutes(minutes));

    private void Pass(TimeSpan time)
    {
        _server.Advance(time);
        _clock.Advance(time);
    }

    private static async Task ShouldFailAsync<TException>(CoordinatedTokenProvider provider)
        where TException : TokenRefreshException =>
        await provider.Awaiting(p => p.GetAccessTokenAsync(Cancellation).AsTask()).Should().ThrowAsync<TException>();

    private async Task ShouldServeForTwoHoursAsync(SharedLogin login, CoordinatedTokenProvider provider)
    {
        using var client = new HttpClient(new BearerTokenHandler(provider) { InnerHandler = new SocketsHttpHandler() });
        for (int minute = 0; minute <= 120; minute += 4)
        {
            using HttpResponseMessage answer = await client.GetAsync(login.Server.ApiUri, Cancellation);
            answer.IsSuccessStatusCode.Should().BeTrue();
            Pass(TimeSpan.FromMinutes(4));
        }
    }

    private sealed class ActsOnce(Action act) : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _requests;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _requests) == 1)
            {
                act();
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
