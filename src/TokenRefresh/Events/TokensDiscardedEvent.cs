namespace TokenRefresh;

/// <summary>New tokens were discarded: the login was ended or replaced while they were obtained, or they are for another account.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="Reason">Why.</param>
public sealed record TokensDiscardedEvent(string Location, TokensDiscardedReason Reason);
