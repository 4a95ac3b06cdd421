namespace TokenRefresh.Refresh;

/// <summary>The token that callers get, with everything that decides when they no longer do. Immutable but for one cached tick.</summary>
internal sealed class TokenSnapshot(AccessToken token, OAuthCredentials credentials, TokenLifetime lifetime, AccountIdentity account)
{
    private long _freshUntilTick = long.MinValue;

    internal AccessToken Token { get; } = token;

    internal OAuthCredentials Credentials { get; } = credentials;

    internal TokenLifetime Lifetime { get; } = lifetime;

    internal AccountIdentity Account { get; } = account;

    /// <summary>Until this tick nothing needs to be compared with the wall clock.</summary>
    internal bool IsFresh(long tick) => tick < Volatile.Read(ref _freshUntilTick);

    // At most a second ahead: ticks stop while the machine sleeps, and the wall clock does not.
    internal void StayFresh(long tick, TimeSpan remaining) =>
        Volatile.Write(ref _freshUntilTick, tick + (long)Math.Min(remaining.TotalMilliseconds, 1000));

    /// <summary>Sends the next caller past the cached tick, to where disposal is noticed.</summary>
    internal void LookAgain() => Volatile.Write(ref _freshUntilTick, long.MinValue);
}
