namespace TokenRefresh.Refresh;

/// <summary>Tells whether the machine slept, or its clock was set, since the store was read: monotonic time stops in a suspend, the wall clock does not.</summary>
internal readonly struct MomentOfRead(TimeProvider timeProvider)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    private readonly DateTimeOffset _wall = timeProvider.GetUtcNow();
    private readonly long _monotonic = timeProvider.GetTimestamp();

    internal void ThrowIfClockJumped()
    {
        TimeSpan jump = timeProvider.GetUtcNow() - _wall - timeProvider.GetElapsedTime(_monotonic);
        if (jump.Duration() > Tolerance)
        {
            throw new ClockJumpedException(jump);
        }
    }
}
