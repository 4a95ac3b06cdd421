using System.Threading.Channels;

namespace TokenRefresh.TestKit;

/// <summary>A clock that stands still until a test moves it. The wall clock can jump alone, as it does in a suspend.</summary>
/// <remarks>
/// Safe for concurrent use. Timers fire on the thread that calls <see cref="Advance"/>, in the order of their due times, and each sees the
/// clock at its own due time; a timer set with no delay fires at once on the thread pool.
/// </remarks>
// Microsoft's FakeTimeProvider lacks three things: a test cannot wait until the code under test has set a timer, its wall clock takes the
// monotonic clock along when it is adjusted (a suspend does not), and a timer without delay fires inside the call that sets it.
public sealed class ManualTimeProvider : TimeProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Lock _advancing = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly Channel<TimeSpan> _timersSet = Channel.CreateUnbounded<TimeSpan>();
    private readonly List<(Func<bool> IsMet, TaskCompletionSource Met)> _waits = [];
    private TimeSpan _elapsed;
    private TimeSpan _wallClockLead;
    private long _timerSequence;

    /// <summary>Creates a clock.</summary>
    /// <param name="start">What the wall clock shows; default 2026-01-01, midnight.</param>
    public ManualTimeProvider(DateTimeOffset? start = null) => Start = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Gets what the wall clock showed at first.</summary>
    public DateTimeOffset Start { get; }

    /// <summary>Gets how far the monotonic clock was advanced in all.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            lock (_gate)
            {
                return _elapsed;
            }
        }
    }

    /// <summary>Gets how many timers are set.</summary>
    public int TimerCount
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return Start + _elapsed + _wallClockLead;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => Elapsed.Ticks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves both clocks on and fires what becomes due.</summary>
    /// <param name="time">How far; not negative.</param>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);

        // One advance at a time; a timer's callback may advance further, on this thread.
        lock (_advancing)
        {
            TimeSpan target = Elapsed + time;
            while (TakeNextDue(target) is { } timer)
            {
                timer.Fire();
            }

            lock (_gate)
            {
                _elapsed = target > _elapsed ? target : _elapsed;
            }
        }
    }

    /// <summary>Moves both clocks on and then fires what became due: timers fire late in a process that was stopped.</summary>
    /// <param name="time">How far; not negative.</param>
    public void AdvanceLate(TimeSpan time)
    {
        lock (_advancing)
        {
            lock (_gate)
            {
                _elapsed += time;
            }

            Advance(TimeSpan.Zero);
        }
    }

    /// <summary>Moves the wall clock alone: a suspend, or a clock that is set. No timer fires, the monotonic clock stands.</summary>
    /// <param name="time">How far; negative for back.</param>
    public void JumpWallClock(TimeSpan time)
    {
        lock (_gate)
        {
            _wallClockLead += time;
        }
    }

    /// <summary>Takes the timers one by one, in the order in which they were set since the clock was made.</summary>
    /// <returns>A task of the time after which the next one fires; it fails with <see cref="TimeoutException"/> after 60 real
    /// seconds.</returns>
    public Task<TimeSpan> NextTimerAsync() => _timersSet.Reader.ReadAsync().AsTask().WaitAsync(Patience, System);

    /// <summary>Waits until a timer is set that fires after exactly this time.</summary>
    /// <param name="dueIn">The time from now.</param>
    /// <returns>A task; it fails with <see cref="TimeoutException"/> after 60 real seconds.</returns>
    public Task WaitForTimerDueInAsync(TimeSpan dueIn) => WaitAsync(() => _timers.Exists(timer => timer.DueAt - _elapsed == dueIn));

    /// <summary>Advances step by step, each time something waits for the clock, until the task is done.</summary>
    /// <param name="task">What must end.</param>
    /// <param name="step">How far to advance each time.</param>
    /// <param name="maximumSteps">After how many steps to give up.</param>
    /// <returns>A task that ends like <paramref name="task"/>.</returns>
    /// <exception cref="TimeoutException">The task did not end.</exception>
    public async Task AdvanceUntilAsync(Task task, TimeSpan step, int maximumSteps = 1_000)
    {
        ArgumentNullException.ThrowIfNull(task);
        for (int i = 0; i < maximumSteps && !task.IsCompleted; i++)
        {
            await Task.WhenAny(task, WaitAsync(() => _timers.Count > 0));
            if (!task.IsCompleted)
            {
                Advance(step);
                await Task.Yield();
            }
        }

        await task.WaitAsync(Patience, System);
    }

    /// <summary>
    /// Advances to the next timer each time one is due soon, until the task is done: for pauses between tries.
    /// Deadlines further off never come due, however long the work takes in real time.
    /// </summary>
    /// <param name="task">What must end.</param>
    /// <param name="longest">The longest pause; less than any deadline.</param>
    /// <returns>A task that ends like <paramref name="task"/>.</returns>
    /// <exception cref="TimeoutException">Neither the end nor a pause came within 60 real seconds.</exception>
    public async Task AdvanceThroughShortPausesAsync(Task task, TimeSpan longest)
    {
        ArgumentNullException.ThrowIfNull(task);
        while (!task.IsCompleted)
        {
            Task next = WaitAsync(() => UntilNext() <= longest);
            if (await Task.WhenAny(task, next) == task)
            {
                break;
            }

            await next;
            if (UntilNext() is { } pause && pause <= longest)
            {
                Advance(pause > TimeSpan.Zero ? pause : TimeSpan.Zero);
            }
        }

        await task;
    }

    /// <summary>
    /// Advances by one pause each time something waits for exactly that long, until the task is done: for loops that look, pause and look
    /// again.
    /// </summary>
    /// <param name="task">What must end.</param>
    /// <param name="pause">The pause between two looks.</param>
    /// <returns>A task that completes when <paramref name="task"/> has ended, in whatever way.</returns>
    /// <exception cref="TimeoutException">Neither the end nor a pause came within 60 real seconds.</exception>
    public async Task AdvanceThroughPausesAsync(Task task, TimeSpan pause)
    {
        ArgumentNullException.ThrowIfNull(task);
        while (true)
        {
            Task next = WaitForTimerDueInAsync(pause);
            if (await Task.WhenAny(task, next) == task)
            {
                return;
            }

            await next;
            Advance(pause);
        }
    }

    private TimeSpan? UntilNext()
    {
        lock (_gate)
        {
            return _timers.Count == 0 ? null : _timers.Min(timer => timer.DueAt) - _elapsed;
        }
    }

    private Task WaitAsync(Func<bool> isMet)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (isMet())
            {
                return Task.CompletedTask;
            }

            _waits.Add((isMet, met));
        }

        return met.Task.WaitAsync(Patience, System);
    }

    private ManualTimer? TakeNextDue(TimeSpan target)
    {
        lock (_gate)
        {
            ManualTimer? next = _timers.Where(timer => timer.DueAt <= target).MinBy(timer => (timer.DueAt, timer.Sequence));
            if (next is null)
            {
                return null;
            }

            _elapsed = next.DueAt > _elapsed ? next.DueAt : _elapsed;
            if (next.Period is { } period)
            {
                next.DueAt += period;
                next.Sequence = _timerSequence++;
            }
            else
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private void Set(ManualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        List<TaskCompletionSource> met;
        lock (_gate)
        {
            _timers.Remove(timer);
            timer.Period = period > TimeSpan.Zero ? period : null;
            timer.DueAt = _elapsed + dueTime;
            timer.Sequence = _timerSequence++;
            if (dueTime == TimeSpan.Zero)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static due => due.Fire(), timer, preferLocal: false);
                timer.DueAt = _elapsed + period;
            }

            if (dueTime > TimeSpan.Zero || (dueTime == TimeSpan.Zero && timer.Period is not null))
            {
                _timers.Add(timer);
            }

            met = [.. _waits.Where(wait => wait.IsMet()).Select(wait => wait.Met)];
            _waits.RemoveAll(wait => met.Contains(wait.Met));
        }

        if (dueTime >= TimeSpan.Zero)
        {
            _timersSet.Writer.TryWrite(dueTime);
        }

        met.ForEach(source => source.TrySetResult());
    }

    private void Remove(ManualTimer timer)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
        }
    }

    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private volatile bool _isDisposed;

        public TimeSpan DueAt { get; set; }

        public TimeSpan? Period { get; set; }

        public long Sequence { get; set; }

        public void Fire()
        {
            if (_isDisposed)
            {
                return;
            }

            if (_context is null)
            {
                callback(state);
            }
            else
            {
                ExecutionContext.Run(_context, callback.Invoke, state);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, Timeout.InfiniteTimeSpan);
            ArgumentOutOfRangeException.ThrowIfLessThan(period, Timeout.InfiniteTimeSpan);
            if (_isDisposed)
            {
                return false;
            }

            clock.Set(this, dueTime, period);
            return true;
        }

        public void Dispose()
        {
            _isDisposed = true;
            clock.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
