namespace TokenRefresh.Refresh;

/// <summary>Ends an exchange before its body leaves: what it was decided on is too old.</summary>
internal sealed class ClockJumpedException(TimeSpan jump) : Exception("The wall clock moved against the monotonic one since the credentials were read.")
{
    internal TimeSpan Jump { get; } = jump;
}
