using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Endpoint;

public sealed class FairTimeoutTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_limit_that_fires_on_time_cancels_without_another_second()
    {
        var time = new ManualTimeProvider();
        using var timeout = new FairTimeout(Limit, time);

        time.Advance(Limit - TimeSpan.FromTicks(1));
        bool tooEarly = timeout.Token.IsCancellationRequested;
        time.Advance(TimeSpan.FromTicks(1));
        await CancelledAsync(timeout);

        tooEarly.Should().BeFalse();
        timeout.IsExpired.Should().BeTrue();
        time.Elapsed.Should().Be(Limit);
    }

    [Fact]
    [FailureMode("F100")]
    public async Task A_limit_that_fires_late_gives_another_second()
    {
        var time = new ManualTimeProvider();
        using var timeout = new FairTimeout(Limit, time);
        await time.NextTimerAsync();

        time.AdvanceLate(Limit + Second);
        TimeSpan extension = await time.NextTimerAsync();
        bool tooEarly = timeout.Token.IsCancellationRequested;
        time.Advance(extension);
        await CancelledAsync(timeout);

        extension.Should().Be(Second);
        tooEarly.Should().BeFalse();
    }

    [Fact]
    [FailureMode("F100")]
    public async Task A_process_that_is_stopped_again_within_that_second_gets_another_one()
    {
        var time = new ManualTimeProvider();
        using var timeout = new FairTimeout(Limit, time);
        await time.NextTimerAsync();
        time.AdvanceLate(Limit + Second);
        await time.NextTimerAsync();

        time.AdvanceLate(TimeSpan.FromHours(1));
        TimeSpan extension = await time.NextTimerAsync();
        bool tooEarly = timeout.Token.IsCancellationRequested;
        time.Advance(extension);
        await CancelledAsync(timeout);

        tooEarly.Should().BeFalse();
    }

    [Fact]
    public void A_linked_cancellation_is_passed_on_at_once_and_is_no_expiry()
    {
        using var caller = new CancellationTokenSource();
        using var timeout = new FairTimeout(Limit, new ManualTimeProvider(), caller.Token);

        caller.Cancel();

        timeout.Token.IsCancellationRequested.Should().BeTrue();
        timeout.IsExpired.Should().BeFalse();
    }

    [Fact]
    public async Task A_limit_that_was_disposed_neither_fires_nor_throws()
    {
        var time = new ManualTimeProvider();
        var timeout = new FairTimeout(Limit, time);
        await time.NextTimerAsync();
        CancellationToken token = timeout.Token;

        timeout.Dispose();
        time.Advance(TimeSpan.FromHours(1));

        token.IsCancellationRequested.Should().BeFalse();
    }

    // The limit lets the thread pool come to what was queued before.
    private static Task CancelledAsync(FairTimeout timeout)
    {
        var cancelled = new TaskCompletionSource();
        timeout.Token.Register(cancelled.SetResult);
        return cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
