namespace TokenRefresh.Refresh;

/// <summary>When a token is due for renewal and when it counts as expired. Pure arithmetic on the wall clock.</summary>
internal readonly struct TokenLifetime(DateTimeOffset dueAt, DateTimeOffset usableUntil, DateTimeOffset expiresAt)
{
    /// <summary>A token of unknown expiry is used until a resource rejects it.</summary>
    internal static readonly TokenLifetime Unknown = new(DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);

    /// <summary>From then on a new token is fetched in the background.</summary>
    internal readonly DateTimeOffset DueAt = dueAt;

    /// <summary>From then on callers wait for a new token: the expiry less the skew.</summary>
    internal readonly DateTimeOffset UsableUntil = usableUntil;

    /// <summary>The expiry itself.</summary>
    internal readonly DateTimeOffset ExpiresAt = expiresAt;

    /// <summary>Computes the moments for a token that is first seen now. The spread is a random share, 0 to 1, drawn once per token and
    /// process.</summary>
    internal static TokenLifetime Of(
        DateTimeOffset? expiresAt,
        TimeSpan? lifetime,
        DateTimeOffset now,
        TimeSpan before,
        TimeSpan skew,
        double spread)
    {
        if (expiresAt is not { } expiry)
        {
            return Unknown;
        }

        TimeSpan remaining = expiry > now ? expiry - now : TimeSpan.Zero;
        TimeSpan half = (lifetime ?? remaining) / 2;
        TimeSpan margin = before < half ? before : half;
        DateTimeOffset usableUntil = LessSkew(expiry, lifetime, skew);

        // Sibling processes see the same expiry; the spread keeps them from meeting at the lock.
        DateTimeOffset due = Before(expiry, margin - (margin / 5 * spread));
        return new(due < usableUntil ? due : usableUntil, usableUntil, expiry);
    }

    /// <summary>Whether a stored token may be given to a caller that waits.</summary>
    internal static bool IsUsable(DateTimeOffset? expiresAt, TimeSpan? lifetime, DateTimeOffset now, TimeSpan skew) =>
        expiresAt is not { } expiry || now < LessSkew(expiry, lifetime, skew);

    // With a skew as long as the token's life, every process would refresh it at every look.
    private static DateTimeOffset LessSkew(DateTimeOffset expiry, TimeSpan? lifetime, TimeSpan skew) =>
        Before(expiry, lifetime is { } known && known / 10 < skew ? known / 10 : skew);

    // A file may name any time, and a DateTimeOffset before its minimum throws.
    private static DateTimeOffset Before(DateTimeOffset moment, TimeSpan span) =>
        moment - DateTimeOffset.MinValue > span ? moment - span : DateTimeOffset.MinValue;
}
