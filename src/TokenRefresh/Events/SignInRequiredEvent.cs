namespace TokenRefresh;

/// <summary>The user must sign in again. Raised once per rejected login, not per call.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="Reason">Why.</param>
public sealed record SignInRequiredEvent(string Location, SignInRequiredReason Reason);
