using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class EventTests
{
    [Fact]
    [FailureMode("F71")]
    public async Task A_callback_that_never_returns_delays_no_caller_and_no_refresh()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = clock });
        var stuck = new TaskCompletionSource();
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.Events.Refreshed = _ => new ValueTask(stuck.Task), new() { TimeProvider = clock });

        for (int i = 1; i <= 3; i++)
        {
            clock.Advance(TimeSpan.FromHours(2));
            (await provider.GetAccessTokenAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10))).ExpiresAt
                .Should().Be(clock.GetUtcNow().AddHours(1));
        }

        login.Server.Books.TokenRequests.Should().Be(3);
        stuck.SetResult();
    }

    [Fact]
    [FailureMode("F71")]
    public async Task What_a_callback_throws_is_logged_and_goes_no_further()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = clock });
        using var log = new LogCollector();
        var calls = 0;
        CoordinatedTokenProvider provider = login.CreateProvider(
            o =>
                o.Events.Refreshed = _ => ++calls % 2 == 1
                    ? throw new InvalidOperationException("thrown at once")
                    : ValueTask.FromException(new InvalidOperationException("thrown later")),
            new() { TimeProvider = clock, LoggerFactory = log });

        for (int i = 1; i <= 2; i++)
        {
            clock.Advance(TimeSpan.FromHours(2));
            await provider.GetAccessTokenAsync();
            await log.WaitForAsync(TokenRefreshEventIds.CallbackFailed, i);
        }

        calls.Should().Be(2);
        login.Server.Books.TokenRequests.Should().Be(2);
    }

    [Fact]
    [FailureMode("F71")]
    public async Task Callbacks_run_after_the_lock_was_released()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        var released = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using Credentials.ReleaseObservingStore store = new(login.CreateStore(), released.Task);
        CoordinatedTokenProvider provider = login.CreateProvider(
            o => o.Events.Refreshed = _ =>
            {
                released.SetResult(!store.IsLeaseOut);
                return default;
            },
            new() { CredentialsStore = store });

        await provider.GetAccessTokenAsync();

        (await released.Task.WaitAsync(TimeSpan.FromSeconds(10)))
            .Should().BeTrue("a callback that stores or removes a login would wait for its own caller");
    }

    [Fact]
    [FailureMode("F71")]
    public async Task A_callback_that_asks_for_a_token_is_not_answered_by_the_refresh_it_is_told_of()
    {
        const int Rounds = 500;
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = clock });
        var answers = System.Threading.Channels.Channel.CreateUnbounded<(AccessToken Token, DateTimeOffset Asked)>();
        CoordinatedTokenProvider? provider = null;
        provider = login.CreateProvider(
            o => o.Events.Refreshed = async _ =>
            {
                clock.Advance(TimeSpan.FromHours(2));
                await answers.Writer.WriteAsync((await provider!.GetAccessTokenAsync(), clock.GetUtcNow()));
            },
            new() { TimeProvider = clock });
        clock.Advance(TimeSpan.FromHours(2));

        // Each refresh is followed by a callback, which brings about the next.
        await provider.GetAccessTokenAsync();
        for (var round = 0; round < Rounds; round++)
        {
            (AccessToken token, DateTimeOffset asked) = await answers.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
            token.ExpiresAt.Should().BeAfter(asked);
        }
    }

    [Fact]
    public async Task Events_come_in_the_order_of_what_happened()
    {
        var clock = new ManualTimeProvider();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = clock });
        var events = new EventLog();
        CoordinatedTokenProvider provider = login.CreateProvider(events.AttachTo, new() { TimeProvider = clock });
        CoordinatedTokenProvider other = login.CreateProvider(services: new() { TimeProvider = clock });
        await provider.GetAccessTokenAsync();

        clock.Advance(TimeSpan.FromHours(2));
        await provider.GetAccessTokenAsync();
        clock.Advance(TimeSpan.FromHours(2));
        await other.GetAccessTokenAsync();
        AccessToken adopted = await provider.GetAccessTokenAsync();
        await other.RemoveAsync();
        await Xunit.Record.ExceptionAsync(() => provider.RefreshAccessTokenAsync(adopted).AsTask());
        await Xunit.Record.ExceptionAsync(() => provider.GetAccessTokenAsync().AsTask());

        (await events.NextAsync<TokensRefreshedEvent>())
            .Should().BeEquivalentTo(new { Location = login.Path, IsSaved = true, ExpiresAt = clock.Start.AddHours(3) });
        (await events.NextAsync<TokensAdoptedEvent>()).Should().Be(new TokensAdoptedEvent(login.Path, clock.Start.AddHours(5)));
        (await events.NextAsync<SignInRequiredEvent>())
            .Should().Be(new SignInRequiredEvent(login.Path, SignInRequiredReason.NothingStored));
        events.IsEmpty.Should().BeTrue("a sign-in that is needed is told once, not once per call");
    }
}
