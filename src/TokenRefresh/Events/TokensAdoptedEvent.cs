namespace TokenRefresh;

/// <summary>Tokens that another process or a sign-in stored are used from now on.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="ExpiresAt">When the access token expires, or <see langword="null"/> if unknown.</param>
public sealed record TokensAdoptedEvent(string Location, DateTimeOffset? ExpiresAt);
