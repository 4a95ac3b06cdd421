namespace TokenRefresh;

/// <summary>A new pair was dropped: the login it belongs to was ended or replaced while it was obtained.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="Reason">What happened meanwhile.</param>
public sealed record TokensDiscardedEvent(string Location, TokensDiscardedReason Reason);
