namespace TokenRefresh.Coordination;

/// <summary>Makes what callers get of what is stored.</summary>
internal static class SnapshotFactory
{
    internal static TokenSnapshot Create(TokenRefreshOptions options, OAuthCredentials credentials, TimeSpan? lifetime, DateTimeOffset now, AccountIdentity account) => new(
        new AccessToken(credentials.AccessToken, credentials.ExpiresAt, credentials.TokenType is { Length: > 0 } type ? SchemeOf(type) : AccessToken.DefaultTokenType, options.HeaderName),
        credentials,
        TokenLifetime.Of(credentials.ExpiresAt, lifetime, now, options.RefreshBeforeExpiration, options.ExpirationSkew, Random.Shared.NextDouble()),
        account);

    // Servers write "bearer" in answers (RFC 6749 section 7.1 compares without case); some resources want RFC 6750's spelling in requests.
    private static string SchemeOf(string tokenType) => tokenType.Equals(AccessToken.DefaultTokenType, StringComparison.OrdinalIgnoreCase) ? AccessToken.DefaultTokenType : tokenType;
}
