using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.TestKit;

public sealed class ManualTimeProviderTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Advancing_moves_the_wall_clock_and_the_monotonic_clock_alike()
    {
        long before = _time.GetTimestamp();

        _time.Advance(90 * Second);

        _time.GetUtcNow().Should().Be(_time.Start + (90 * Second));
        _time.GetElapsedTime(before).Should().Be(90 * Second);
    }

    [Fact]
    public void A_suspend_moves_the_wall_clock_alone_and_fires_no_timer()
    {
        int fired = 0;
        using ITimer timer = _time.CreateTimer(_ => fired++, null, Second, Timeout.InfiniteTimeSpan);
        long before = _time.GetTimestamp();

        _time.JumpWallClock(TimeSpan.FromMinutes(30));

        _time.GetUtcNow().Should().Be(_time.Start + TimeSpan.FromMinutes(30));
        _time.GetElapsedTime(before).Should().Be(TimeSpan.Zero);
        fired.Should().Be(0);
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_due_times_and_see_their_own_time()
    {
        var seen = new List<(string Timer, TimeSpan At)>();
        using ITimer late = _time.CreateTimer(_ => seen.Add(("late", _time.Elapsed)), null, 3 * Second, Timeout.InfiniteTimeSpan);
        using ITimer early = _time.CreateTimer(_ => seen.Add(("early", _time.Elapsed)), null, Second, Timeout.InfiniteTimeSpan);
        using ITimer alsoEarly = _time.CreateTimer(_ => seen.Add(("also early", _time.Elapsed)), null, Second, Timeout.InfiniteTimeSpan);

        _time.Advance(10 * Second);

        seen.Should().Equal(("early", Second), ("also early", Second), ("late", 3 * Second));
        _time.Elapsed.Should().Be(10 * Second);
    }

    [Fact]
    public void A_timer_does_not_fire_one_tick_before_it_is_due()
    {
        int fired = 0;
        using ITimer timer = _time.CreateTimer(_ => fired++, null, Second, Timeout.InfiniteTimeSpan);

        _time.Advance(Second - TimeSpan.FromTicks(1));

        fired.Should().Be(0);
        _time.Advance(TimeSpan.FromTicks(1));
        fired.Should().Be(1);
    }

    [Fact]
    public void A_periodic_timer_fires_once_per_period_until_it_is_disposed()
    {
        int fired = 0;
        ITimer timer = _time.CreateTimer(_ => fired++, null, Second, 2 * Second);

        _time.Advance(6 * Second);
        timer.Dispose();
        _time.Advance(6 * Second);

        fired.Should().Be(3);
        _time.TimerCount.Should().Be(0);
    }

    [Fact]
    public void A_timer_that_is_set_again_fires_at_its_new_time_only()
    {
        int fired = 0;
        using ITimer timer = _time.CreateTimer(_ => fired++, null, Second, Timeout.InfiniteTimeSpan);

        timer.Change(5 * Second, Timeout.InfiniteTimeSpan);
        _time.Advance(4 * Second);

        fired.Should().Be(0);
        _time.Advance(Second);
        fired.Should().Be(1);
    }

    [Fact]
    public void A_timer_that_a_callback_sets_fires_within_the_same_advance()
    {
        var seen = new List<TimeSpan>();
        ITimer? second = null;
        using ITimer first = _time.CreateTimer(
            _ =>
                second = _time.CreateTimer(
                    _ => seen.Add(_time.Elapsed),
                    null,
                    Second,
                    Timeout.InfiniteTimeSpan), null, Second, Timeout.InfiniteTimeSpan);

        _time.Advance(2 * Second);

        seen.Should().Equal(2 * Second);
        second!.Dispose();
    }

    [Fact]
    public async Task A_delay_and_a_cancellation_after_a_time_follow_the_clock()
    {
        Task delay = Task.Delay(Second, _time, TestContext.Current.CancellationToken);
        using var source = new CancellationTokenSource(2 * Second, _time);

        _time.Advance(Second);

        await delay;
        source.IsCancellationRequested.Should().BeFalse();
        _time.Advance(Second);
        source.IsCancellationRequested.Should().BeTrue();
    }

    [Fact]
    public async Task A_timer_without_delay_fires_without_an_advance()
    {
        var fired = new TaskCompletionSource();

        using ITimer timer = _time.CreateTimer(_ => fired.SetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        await fired.Task.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);
        _time.TimerCount.Should().Be(0);
    }

    [Fact]
    public async Task A_test_can_wait_until_the_code_under_test_waits()
    {
        Task dueInFive = _time.WaitForTimerDueInAsync(5 * Second);

        using ITimer first = _time.CreateTimer(_ => { }, null, Second, Timeout.InfiniteTimeSpan);

        dueInFive.IsCompleted.Should().BeFalse();
        using ITimer second = _time.CreateTimer(_ => { }, null, 5 * Second, Timeout.InfiniteTimeSpan);
        await dueInFive;
    }

    [Fact]
    public async Task A_test_can_take_the_timers_in_the_order_in_which_they_were_set()
    {
        using ITimer first = _time.CreateTimer(_ => { }, null, 5 * Second, Timeout.InfiniteTimeSpan);
        using ITimer never = _time.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        first.Change(Second, Timeout.InfiniteTimeSpan);

        TimeSpan[] set = [await _time.NextTimerAsync(), await _time.NextTimerAsync()];

        set.Should().Equal(5 * Second, Second);
    }

    [Fact]
    public async Task Advancing_until_a_task_ends_takes_no_more_steps_than_it_needs()
    {
        async Task WorkAsync()
        {
            await Task.Delay(3 * Second, _time);
            await Task.Delay(4 * Second, _time);
        }

        await _time.AdvanceUntilAsync(WorkAsync(), Second);

        _time.Elapsed.Should().BeGreaterThanOrEqualTo(7 * Second).And.BeLessThan(60 * Second);
    }

    [Fact]
    public async Task Advancing_through_pauses_moves_only_when_one_begins_and_ends_with_the_task()
    {
        using ITimer deadline = _time.CreateTimer(static _ => { }, null, 60 * Second, Timeout.InfiniteTimeSpan);
        async Task LookAsync()
        {
            for (int i = 0; i < 5; i++)
            {
                await Task.Yield();
                await Task.Delay(Second, _time);
            }
        }

        await _time.AdvanceThroughPausesAsync(LookAsync(), Second);

        _time.Elapsed.Should().Be(5 * Second);
    }
}
