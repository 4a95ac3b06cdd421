using FluentAssertions;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class SharedFailureTests
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(90);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    [FailureMode("F16")]
    public async Task Sixty_four_waiters_share_one_failed_request_and_the_next_comes_no_sooner_than_the_server_asked()
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time });
        CoordinatedTokenProvider sibling = login.CreateProvider(services: new() { TimeProvider = _time });
        using ParkedRequest parked = login.Server.ParkNextTokenRequest(behavior: TokenEndpointBehavior.Throttle(429, RetryAfter));

        Task<AccessToken>[] waiters =
        [
            .. Enumerable.Range(0, 64).Select(_ => provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask()),
        ];
        await parked.Arrived;
        parked.Release();
        TokenEndpointUnavailableException[] failures = await Task.WhenAll(waiters.Select(FailureOfAsync));

        login.Server.Books.TokenRequests.Should().Be(1);
        failures.Distinct().Should().ContainSingle("they share one failure");
        failures[0].RetryAt.Should().BeOnOrAfter(_time.Start + RetryAfter).And.BeBefore(_time.Start + (RetryAfter * 1.5));

        _time.Advance(RetryAfter - TimeSpan.FromMilliseconds(1));
        TokenEndpointUnavailableException early = await FailureOfAsync(
            provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask());
        TokenEndpointUnavailableException elsewhere = await FailureOfAsync(
            sibling.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask());
        early.RetryAt.Should().Be(failures[0].RetryAt);
        elsewhere.RetryAt.Should().Be(failures[0].RetryAt, "the record tells other providers and processes");
        login.Server.Books.TokenRequests.Should().Be(1);

        _time.Advance(failures[0].RetryAt!.Value - _time.GetUtcNow() + TimeSpan.FromMilliseconds(1));
        AccessToken token = await sibling.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        (await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken)).Value.Should().Be(token.Value);
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Theory]
    [FailureMode("F99", "F15")]
    [InlineData(400, """{"error":"invalid_grant"}""")]
    [InlineData(404, """{"type":"error","error":{"type":"not_found_error","message":"Grant not found"}}""")]
    [InlineData(401, """{"error":{"code":"refresh_token_reused","message":"used"}}""")]
    public async Task Those_who_wait_while_the_refresh_token_is_rejected_take_that_for_their_answer(int status, string body)
    {
        await using SharedLogin login = await StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.AnswerWith(status, body);
        using ParkedRequest parked = login.Server.ParkNextTokenRequest(behavior: login.Server.DefaultTokenBehavior);
        CoordinatedTokenProvider[] providers =
        [
            .. Enumerable.Range(0, 8).Select(_ => login.CreateProvider(services: new() { TimeProvider = _time })),
        ];

        Task<AccessToken>[] calls =
        [
            .. providers.Select(provider => provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask()),
        ];
        await parked.Arrived;
        parked.Release();
        SignInRequiredException[] failures = await Task.WhenAll(
            calls.Select(async call => (await FluentActions.Awaiting(() => call).Should().ThrowAsync<SignInRequiredException>()).Which));

        failures.Should().OnlyContain(failure => failure.Reason == SignInRequiredReason.RefreshTokenRejected);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F16")]
    public async Task Without_a_word_of_the_server_the_pauses_grow_and_are_capped()
    {
        await using SharedLogin login = await StartExpiredAsync();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        var pauses = new List<TimeSpan>();

        for (var i = 0; i < 13; i++)
        {
            TokenEndpointUnavailableException failure = await FailureOfAsync(
                provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask());
            pauses.Add(failure.RetryAt!.Value - _time.GetUtcNow());
            _time.Advance(pauses[^1] + TimeSpan.FromMilliseconds(1));
        }

        login.Server.Books.TokenRequests.Should().Be(13);
        pauses[0].Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1)).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(1.25));
        pauses.Should().BeInAscendingOrder();
        pauses[^1].Should().Be(TimeSpan.FromMinutes(10));
    }

    [Fact]
    [FailureMode("F17")]
    public async Task A_failed_background_refresh_leaves_the_caller_with_the_valid_token_and_a_warning()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _time });
        using var logs = new LogCollector();
        using var factory = LoggerFactory.Create(b => b.SetMinimumLevel(LogLevel.Warning).AddProvider(logs));
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time, LoggerFactory = factory });
        await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(57));
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, RetryAfter);

        AccessToken served = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        await login.Server.WaitForTokenRequestsAsync(1);
        AccessToken servedAgain = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        await provider.DisposeAsync();

        served.Value.Should().Be(login.Login.AccessToken);
        servedAgain.Value.Should().Be(login.Login.AccessToken);
        logs.Text.Should().Contain(login.Path).And.Contain("503");
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    private static async Task<TokenEndpointUnavailableException> FailureOfAsync(Task<AccessToken> call)
    {
        Func<Task> act = () => call;
        return (await act.Should().ThrowAsync<TokenEndpointUnavailableException>()).Which;
    }

    private Task<SharedLogin> StartExpiredAsync() => SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _time });
}
