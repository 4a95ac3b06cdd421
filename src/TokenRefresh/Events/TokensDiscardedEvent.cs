namespace TokenRefresh;

/// <summary>New tokens were discarded: the login they belong to was ended or replaced while they were obtained.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="Reason">What happened to the login.</param>
public sealed record TokensDiscardedEvent(string Location, TokensDiscardedReason Reason);
