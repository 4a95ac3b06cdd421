namespace TokenRefresh.Benchmarks.Workers;

/// <summary>
/// The system's clock, moved forward between rounds, so that a token of an hour has expired at once. Its ticks and timers are the system's.
/// </summary>
internal sealed class ForwardClock : TimeProvider
{
    private long _ahead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _ahead));

    internal void SetAhead(TimeSpan time) => Interlocked.Exchange(ref _ahead, time.Ticks);
}
