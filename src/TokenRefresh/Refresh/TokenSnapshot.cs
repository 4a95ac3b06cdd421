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
        RefreshContext context, OAuthCredentials credentials, TimeSpan? lifetime, AccountIdentity account)
    {
        TokenRefreshOptions options = context.Options;

        // A server may have gone back to tokens without a key (RFC 9449 section 5). Where no type is stored, the key says it.
        bool isBound = credentials.Key is not null && (credentials.TokenType is null || AccessToken.IsBoundToKey(credentials.TokenType));
        return new(
            new AccessToken(
                credentials.AccessToken,
                credentials.ExpiresAt,
                isBound ? AccessToken.BoundTokenType : options.AuthorizationScheme,
                options.HeaderName)
            {
                Key = isBound ? credentials.Key : null,
                Time = context.TimeProvider,
            },
            credentials,
            TokenLifetime.Of(
                credentials.ExpiresAt,
                lifetime,
                context.TimeProvider.GetUtcNow(),
                options.RefreshBeforeExpiration,
                options.ExpirationSkew,
                Random.Shared.NextDouble()),
            account);
    }

    /// <summary>Whether the token may be served without a look at the wall clock.</summary>
    internal bool IsFresh(long tick) => tick < Volatile.Read(ref _freshUntilTick);

    internal void ExtendFreshness(long tick, TimeSpan remaining) =>
        Volatile.Write(ref _freshUntilTick, tick + (long)Math.Min(remaining.TotalMilliseconds, LongestFreshness));

    /// <summary>Ends the freshness, so that the next caller takes the path on which the disposal is noticed.</summary>
    internal void Invalidate() => Volatile.Write(ref _freshUntilTick, long.MinValue);
}
