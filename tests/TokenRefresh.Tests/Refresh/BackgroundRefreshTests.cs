using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class BackgroundRefreshTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task A_due_token_is_served_at_once_while_one_request_fetches_the_next()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        var events = new EventLog();
        CoordinatedTokenProvider provider = login.CreateProvider(events.AttachTo, new() { TimeProvider = _clock });
        AccessToken first = await provider.GetAccessTokenAsync();
        using ParkedRequest exchange = login.Server.ParkNextTokenRequest();
        _clock.Advance(TimeSpan.FromMinutes(57));

        ValueTask<AccessToken>[] calls = [.. Enumerable.Range(0, 100).Select(_ => provider.GetAccessTokenAsync())];
        await exchange.Arrived;
        calls.Should().OnlyContain(call => call.IsCompletedSuccessfully && call.Result == first);
        exchange.Release();
        await events.NextAsync<TokensRefreshedEvent>();
        AccessToken next = await provider.GetAccessTokenAsync();

        next.Value.Should().NotBe(first.Value);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F17")]
    public async Task A_background_refresh_that_fails_is_a_warning_the_old_token_is_served_and_the_tries_are_spaced()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        using var log = new LogCollector();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock, LoggerFactory = log });
        AccessToken first = await provider.GetAccessTokenAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        _clock.Advance(TimeSpan.FromMinutes(57));

        await provider.GetAccessTokenAsync();
        await log.WaitForAsync(TokenRefreshEventIds.BackgroundRefreshFailed);
        for (int i = 0; i < 100; i++)
        {
            (await provider.GetAccessTokenAsync()).Should().BeSameAs(first);
        }

        log.CountOf(TokenRefreshEventIds.BackgroundRefreshFailed).Should().Be(1);
        _clock.Advance(TimeSpan.FromSeconds(2));

        (await provider.GetAccessTokenAsync()).Should().BeSameAs(first);
        await log.WaitForAsync(TokenRefreshEventIds.BackgroundRefreshFailed, 2);
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Fact]
    [FailureMode("F17")]
    public async Task The_warning_of_a_failed_background_refresh_is_out_when_disposal_is_over_and_its_pause_begins_with_the_failure()
    {
        const int Rounds = 300;
        for (var round = 0; round < Rounds; round++)
        {
            var clock = new ManualTimeProvider();
            using var store = new InMemoryCredentialsStore(new("access-0", "refresh-0", clock.GetUtcNow().AddHours(1)), clock);
            using var log = new LogCollector();
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var endpoint = new AnsweringClient(async request =>
            {
                await request.BeforeSendAsync();
                answered.TrySetResult();
                return TokenEndpointResult.Failure(TokenEndpointOutcome.Throttled, 503);
            });
            var provider = CoordinatedTokenProvider.Create(
                _ => { }, new() { CredentialsStore = store, TimeProvider = clock, LoggerFactory = log, TokenEndpointClient = endpoint });
            await provider.GetAccessTokenAsync();
            clock.Advance(TimeSpan.FromMinutes(57));

            while (!answered.Task.IsCompleted)
            {
                (await provider.GetAccessTokenAsync()).Value.Should().Be("access-0");
            }

            await provider.DisposeAsync();

            log.CountOf(TokenRefreshEventIds.BackgroundRefreshFailed).Should().Be(1);
            log.CountOf(TokenRefreshEventIds.ExchangeFailed).Should().Be(1);
        }
    }
}
