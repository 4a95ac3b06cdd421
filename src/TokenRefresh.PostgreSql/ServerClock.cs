namespace TokenRefresh.PostgreSql;

/// <summary>
/// The wall clock of the database server, as far as this machine knows it: its own clock, and the difference that reads have shown.
/// </summary>
/// <remarks>
/// Expiries, attempts and pauses then mean the same on machines whose clocks differ. Timers and durations are the machine's own. Safe for
/// concurrent use.
/// </remarks>
internal sealed class ServerClock(TimeProvider own) : TimeProvider
{
    // Clocks that are synchronized differ by less, and a difference that moved with every read would only be noise.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private long _difference;

    public override TimeZoneInfo LocalTimeZone => own.LocalTimeZone;

    public override long TimestampFrequency => own.TimestampFrequency;

    internal TimeSpan Difference => TimeSpan.FromTicks(Volatile.Read(ref _difference));

    public override DateTimeOffset GetUtcNow() => own.GetUtcNow() + Difference;

    public override long GetTimestamp() => own.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        own.CreateTimer(callback, state, dueTime, period);

    /// <summary>Notes what the server's clock said between these two moments of the machine's own.</summary>
    internal void Note(DateTimeOffset server, DateTimeOffset before, DateTimeOffset after)
    {
        TimeSpan roundTrip = after - before;
        TimeSpan difference = server - (before + (roundTrip / 2));
        if ((difference - Difference).Duration() > Tolerance + roundTrip.Duration())
        {
            // Those of less than the tolerance count as none, so that a clock that was put right again is left alone.
            Volatile.Write(ref _difference, difference.Duration() <= Tolerance ? 0 : difference.Ticks);
        }
    }
}
