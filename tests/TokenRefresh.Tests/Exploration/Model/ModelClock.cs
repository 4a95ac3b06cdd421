using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>The clock one provider sees. Its timers fire inside a step, and only when nothing else can happen.</summary>
/// <remarks>
/// Due times are rounded up to whole seconds, so that the dice which the product throws for its pauses decide nothing; which of two that
/// are due together fires first is the explorer's choice.
/// </remarks>
internal sealed class ModelClock(World world, ModelProvider owner) : TimeProvider
{
    internal static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<ModelTimer> _timers = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    internal TimeSpan? NextDue => _timers.Count == 0 ? null : _timers.Min(t => t.DueAt);

    internal bool IsIdle => _timers.Count == 0;

    public override DateTimeOffset GetUtcNow() => Start + world.Elapsed;

    public override long GetTimestamp() => world.Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ModelTimer(this, () => callback(state), state as FairTimeout);
        timer.Change(dueTime, period);
        return timer;
    }

    internal void AddSteps(List<Step> steps)
    {
        foreach (ModelTimer timer in _timers)
        {
            if (timer.DueAt <= world.Elapsed)
            {
                steps.Add(new(owner.Name, "goes on after a pause", () => Fire(timer)));
            }
        }
    }

    internal void AddTo(ref StateHash state)
    {
        foreach (ModelTimer timer in _timers)
        {
            state.Add(timer.DueAt.Ticks);
        }
    }

    internal void Stop() => _timers.Clear();

    private void Fire(ModelTimer timer)
    {
        var observed = default(StateHash);
        observed.Add("timer");
        observed.Add(_timers.IndexOf(timer));
        _timers.Remove(timer);
        owner.Observe(observed.Value);
        timer.Fire();
    }

    private TimeSpan DueAt(TimeSpan dueTime) => TimeSpan.FromSeconds(Math.Ceiling((world.Elapsed + dueTime).TotalSeconds));

    private sealed class ModelTimer(ModelClock clock, Action fire, FairTimeout? limit) : ITimer
    {
        private readonly ManualResetEventSlim _changed = new();

        internal TimeSpan DueAt { get; private set; }

        internal void Fire()
        {
            _changed.Reset();
            fire();
            if (limit is { Token.IsCancellationRequested: false })
            {
                // A limit that is late arms its timer again on a thread of the pool, and until then this one stands still.
                _changed.Wait();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock._timers.Remove(this);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                DueAt = clock.DueAt(dueTime);
                clock._timers.Add(this);
            }

            _changed.Set();

            return true;
        }

        public void Dispose() => clock._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
