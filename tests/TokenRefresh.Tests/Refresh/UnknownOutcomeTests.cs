using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Exchanges whose answer is lost, late, or asks for a later try.</summary>
public sealed class UnknownOutcomeTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [FailureMode("F52")]
    public async Task With_an_expired_access_token_a_lost_answer_is_asked_for_once_more_at_once()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(
            new() { TimeProvider = _clock, RefreshTokenReuseWindow = TimeSpan.FromSeconds(30) });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.DropAfterProcessing);

        AccessToken token = await Provider(login).GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Replays = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F52")]
    public async Task After_the_replay_too_no_one_tries_for_ten_minutes()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(
            new() { TimeProvider = _clock, RefreshTokenReuseWindow = TimeSpan.FromHours(1) });
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.DropAfterProcessing;
        CoordinatedTokenProvider provider = Provider(login);

        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<RefreshOutcomeUnknownException>();
        login.Server.Books.TokenRequests.Should().Be(2);
        _clock.Advance(TimeSpan.FromMinutes(9));
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<RefreshOutcomeUnknownException>();
        await Provider(login).Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<RefreshOutcomeUnknownException>();
        login.Server.Books.TokenRequests.Should().Be(2);
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Normal;
        _clock.Advance(TimeSpan.FromMinutes(2));
        AccessToken token = await provider.GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.Books.TokenRequests.Should().Be(3);
    }

    [Theory]
    [FailureMode("F112")]
    [InlineData("""{"token":"access","refresh_token":"successor-N"}""", 1)]
    [InlineData("""{"data":{"access_token":"","refresh_token":"successor-N"}}""", 1)]
    [InlineData("token=access&refresh_token=successor-N", 1)]
    [InlineData("""{"token":"access","refresh_token":"successor-N","expires_in":""", 2)]
    public async Task Answers_that_never_hold_an_access_token_cost_one_request_a_pause_and_no_refresh_token(string body, int requests)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        List<string> sent = [];
        using var handler = new FakeHandler((_, form, _) =>
        {
            sent.Add(form);
            return Task.FromResult(FakeHandler.Response(200, body.Replace("-N", $"-{sent.Count}", StringComparison.Ordinal)));
        });
        using var invoker = new HttpMessageInvoker(handler);
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock, HttpMessageInvoker = invoker });

        var first = await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenEndpointUnavailableException>();
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenEndpointUnavailableException>();
        int inTheFirstPause = sent.Count;
        _clock.Advance(TimeSpan.FromMinutes(10));
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenEndpointUnavailableException>();

        first.Which.Message.Should().Contain("refresh token in it was saved");
        inTheFirstPause.Should().Be(requests);
        sent.Should().HaveCount(requests * 2).And.OnlyHaveUniqueItems();
        sent[^1].Should().Contain($"successor-{sent.Count - 1}");
        (await File.ReadAllTextAsync(login.Path)).Should().Contain($"successor-{sent.Count}");
    }

    [Theory]
    [FailureMode("F90", "F52")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_refresh_token_in_half_an_answer_is_saved_and_presented_in_the_place_of_the_old_one(bool isUnavailableAfterwards)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        string half = $"{{\"access_token\":\"{login.Login.AccessToken}\",\"token_type\":\"Bearer\",\"expires_in\":3600,"
            + $"\"refresh_token\":\"{login.Login.RefreshToken}\"";
        login.Server.EnqueueTokenBehavior(
            TokenEndpointBehavior.TruncateBody(half.Length),
            isUnavailableAfterwards ? TokenEndpointBehavior.Throttle(503, retryAfter: null) : TokenEndpointBehavior.Normal);
        CoordinatedTokenProvider provider = Provider(login);
        if (isUnavailableAfterwards)
        {
            await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenEndpointUnavailableException>();
            using var store = login.CreateStore();
            (await store.ReadAsync())!.RefreshToken.Should().NotBe(login.Login.RefreshToken, "it is durable before anything else is tried");
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        AccessToken token = await Provider(login).GetAccessTokenAsync();
        AccessToken own = await provider.GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        own.Value.Should().Be(token.Value);
        login.Server.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 0, FamiliesRevoked = 0 });
    }

    [Theory]
    [FailureMode("F52", "F53")]
    [InlineData(null)]
    [InlineData(60)]
    public async Task With_a_valid_access_token_a_lost_answer_is_not_asked_for_again_before_it_expires_even_after_a_suspend(
        int? windowInSeconds)
    {
        await using SharedLogin login = await SharedLogin.StartAsync(
            new() { TimeProvider = _clock, AccessTokenLifetime = TimeSpan.FromHours(4) });
        using var log = new LogCollector();
        TimeSpan? window = windowInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        CoordinatedTokenProvider provider = login.CreateProvider(
            o =>
            {
                o.RefreshBeforeExpiration = TimeSpan.FromHours(2);
                o.RefreshTokenReuseWindow = window;
            },
            new() { TimeProvider = _clock, LoggerFactory = log });
        AccessToken first = await provider.GetAccessTokenAsync();
        using ParkedRequest exchange = login.Server.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        _clock.Advance(TimeSpan.FromHours(2.5));
        await provider.GetAccessTokenAsync();
        await exchange.Arrived;

        _clock.JumpWallClock(TimeSpan.FromMinutes(30));
        exchange.Drop();
        await log.WaitForAsync(TokenRefreshEventIds.BackgroundRefreshFailed);
        _clock.Advance(TimeSpan.FromMinutes(15));
        AccessToken served = await provider.GetAccessTokenAsync();
        await log.WaitForAsync(TokenRefreshEventIds.BackgroundRefreshFailed, 2);

        served.Should().BeSameAs(first);
        (await Provider(login).GetAccessTokenAsync()).Value.Should().Be(first.Value);
        login.Server.Books.TokenRequests.Should().Be(1, "the window, if any, was over on the wall clock");
        _clock.Advance(TimeSpan.FromHours(2));
        SignInRequiredException failure = (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask())
            .Should().ThrowAsync<SignInRequiredException>()).Which;
        failure.Message.Should().Contain("answer was lost");
        login.Server.Books.TokenRequests.Should().Be(2, "with nothing left to lose it is tried once");
    }

    [Theory]
    [FailureMode("F95")]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_client_that_follows_redirects_costs_one_request_per_call_and_carries_the_token_nowhere(int status)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Redirect(status, login.Server.OtherOrigin);
        using var client = new HttpClient();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock, HttpMessageInvoker = client });

        RefreshOutcomeUnknownException failure = (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask())
            .Should().ThrowAsync<RefreshOutcomeUnknownException>()).Which;

        failure.InnerException!.Message.Should().Contain("redirect");
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, RedirectTargetHits = 0 });
    }

    [Theory]
    [FailureMode("F53")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_suspend_between_read_and_request_the_file_is_read_again_before_anything_is_sent(bool isReplaced)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        using var suspending = new HttpMessageInvoker(new Suspending(() =>
        {
            _clock.JumpWallClock(TimeSpan.FromMinutes(30));
            if (isReplaced)
            {
                login.Store(login.Server.IssueLogin());
            }
        }));
        CoordinatedTokenProvider provider = login.CreateProvider(
            services: new() { TimeProvider = _clock, HttpMessageInvoker = suspending });

        AccessToken token = await provider.GetAccessTokenAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.ReceivedTokenRequests.Should().HaveCount(isReplaced ? 0 : 1);
        (token.Value == login.Login.AccessToken).Should().Be(isReplaced);
    }

    [Theory]
    [FailureMode("F55")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_asks_for_an_hour_fails_its_callers_at_once_and_is_left_alone_for_the_capped_time(bool asDate)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        byte[] file = await File.ReadAllBytesAsync(login.Path);
        login.Server.EnqueueTokenBehavior(
            asDate
                ? TokenEndpointBehavior.Throttle(429, _clock.GetUtcNow().AddHours(1))
                : TokenEndpointBehavior.Throttle(429, TimeSpan.FromHours(1)));
        CoordinatedTokenProvider provider = Provider(login);

        TokenEndpointUnavailableException failure = (await provider
            .Awaiting(p => p.GetAccessTokenAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)))
            .Should().ThrowAsync<TokenEndpointUnavailableException>()).Which;
        TokenEndpointUnavailableException shared = (await Provider(login).Awaiting(p => p.GetAccessTokenAsync().AsTask())
            .Should().ThrowAsync<TokenEndpointUnavailableException>()).Which;

        failure.IsTransient.Should().BeTrue();
        failure.RetryAt.Should().Be(_clock.GetUtcNow().AddMinutes(10), "no one waits longer than the cap");
        shared.RetryAt.Should().Be(failure.RetryAt);
        login.Server.Books.TokenRequests.Should().Be(1);
        (await File.ReadAllBytesAsync(login.Path)).Should().Equal(file);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await provider.GetAccessTokenAsync();
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    private CoordinatedTokenProvider Provider(SharedLogin login) => login.CreateProvider(services: new() { TimeProvider = _clock });

    private sealed class Suspending(Action suspend) : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _requests;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _requests) == 1)
            {
                suspend();
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
