namespace TokenRefresh.Refresh;

/// <summary>Makes what callers get of what is stored.</summary>
internal static class SnapshotFactory
{
    internal static TokenSnapshot Create(TokenRefreshOptions options, OAuthCredentials credentials, TimeSpan? lifetime, DateTimeOffset now, AccountIdentity account) => new(
        new AccessToken(credentials.AccessToken, credentials.ExpiresAt, AccessToken.SchemeOf(credentials.TokenType) ?? AccessToken.DefaultTokenType, options.HeaderName),
        credentials,
        TokenLifetime.Of(credentials.ExpiresAt, lifetime, now, options.RefreshBeforeExpiration, options.ExpirationSkew, Random.Shared.NextDouble()),
        account);
}
