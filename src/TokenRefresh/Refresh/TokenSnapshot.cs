namespace TokenRefresh.Refresh;

/// <summary>The token that callers get, and what tells until when they get it. Immutable but for one cached tick.</summary>
internal sealed class TokenSnapshot(AccessToken token, OAuthCredentials credentials, TokenLifetime lifetime, AccountIdentity account)
{
    // Milliseconds. Ticks stop while the machine sleeps and the wall clock does not, so the wall clock is looked at this often.
    private const long LongestFreshness = 1000;

    private long _freshUntilTick = long.MinValue;

    internal readonly AccessToken Token = token;

    internal readonly OAuthCredentials Credentials = credentials;

    internal readonly TokenLifetime Lifetime = lifetime;

    internal readonly AccountIdentity Account = account;

    internal static TokenSnapshot Create(
        TokenRefreshOptions options,
        OAuthCredentials credentials,
        TimeSpan? lifetime,
        DateTimeOffset now,
        AccountIdentity account,
        TimeProvider time)
    {
        return new(
            credentials.Key is null
                ? new AccessToken(credentials.AccessToken, credentials.ExpiresAt, options.AuthorizationScheme, options.HeaderName)
                : TokenOfKey(options, credentials, time),
            credentials,
            TokenLifetime.Of(
                credentials.ExpiresAt,
                lifetime,
                now,
                options.RefreshBeforeExpiration,
                options.ExpirationSkew,
                Random.Shared.NextDouble()),
            account);
    }

    /// <summary>Whether the token may be served without a look at the wall clock.</summary>
    internal bool IsFresh(long tick) => tick < Volatile.Read(ref _freshUntilTick);

    internal void ExtendFreshness(long tick, TimeSpan remaining) =>
        Volatile.Write(ref _freshUntilTick, tick + (long)Math.Min(remaining.TotalMilliseconds, LongestFreshness));

    // A server may have gone back to tokens without a key (RFC 9449 section 5). Where no type is stored, the key says it.
    private static AccessToken TokenOfKey(TokenRefreshOptions options, OAuthCredentials credentials, TimeProvider time) =>
        credentials.TokenType is null || AccessToken.IsBoundToKey(credentials.TokenType)
            ? new(credentials.AccessToken, credentials.ExpiresAt, AccessToken.BoundTokenType, options.HeaderName)
            {
                Key = credentials.Key,
                Time = time,
            }
            : new(credentials.AccessToken, credentials.ExpiresAt, options.AuthorizationScheme, options.HeaderName);

    /// <summary>Ends the freshness, so that the next caller takes the path on which the disposal is noticed.</summary>
    internal void Invalidate() => Volatile.Write(ref _freshUntilTick, long.MinValue);
}
