namespace TokenRefresh.Benchmarks.Scale;

/// <summary>
/// A clock whose time passes only from one event to the next, all on one thread: an hour of thousands of machines takes seconds.
/// </summary>
internal sealed class VirtualClock : TimeProvider
{
    private readonly PriorityQueue<(VirtualTimer? Timer, int Version, Action? Act), (TimeSpan At, long Sequence)> _events = new();
    private long _sequence;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    internal static DateTimeOffset Start { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal TimeSpan Elapsed { get; private set; }

    public override DateTimeOffset GetUtcNow() => Start + Elapsed;

    public override long GetTimestamp() => Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Does something later.</summary>
    internal void After(TimeSpan delay, Action act) => _events.Enqueue((null, 0, act), (Elapsed + delay, _sequence++));

    /// <summary>Completes a task later.</summary>
    internal Task WaitAsync(TimeSpan delay)
    {
        var done = new TaskCompletionSource();
        After(delay, done.SetResult);
        return done.Task;
    }

    /// <summary>Lets time pass until something is so, or nothing happens any more before the limit.</summary>
    internal void Run(TimeSpan until, Func<bool>? isOver = null)
    {
        while (isOver?.Invoke() != true && _events.TryPeek(out _, out (TimeSpan At, long) next) && next.At <= until)
        {
            (VirtualTimer? timer, int version, Action? act) = _events.Dequeue();
            Elapsed = next.At;
            act?.Invoke();
            timer?.Fire(version);
        }

        if (isOver is null)
        {
            Elapsed = until;
        }
    }

    private sealed class VirtualTimer(VirtualClock clock, Action fire) : ITimer
    {
        private int _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _version++;
            if (dueTime >= TimeSpan.Zero)
            {
                clock._events.Enqueue((this, _version, null), (clock.Elapsed + dueTime, clock._sequence++));
            }

            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        internal void Fire(int version)
        {
            if (version == _version)
            {
                fire();
            }
        }
    }
}
