namespace TokenRefresh;

/// <summary>This process obtained new tokens.</summary>
/// <param name="Location">Where the credentials are.</param>
/// <param name="ExpiresAt">When the new access token expires, or <see langword="null"/> if unknown.</param>
/// <param name="Duration">How long the exchange took.</param>
/// <param name="IsSaved">Whether the tokens are durable; if not, <see cref="TokenRefreshEvents.SaveFailed"/> is called too.</param>
public sealed record TokensRefreshedEvent(string Location, DateTimeOffset? ExpiresAt, TimeSpan Duration, bool IsSaved);
