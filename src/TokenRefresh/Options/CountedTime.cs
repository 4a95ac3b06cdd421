using System.Globalization;

namespace TokenRefresh;

/// <summary>
/// Reads and writes a moment counted from 1970-01-01T00:00:00Z, of a file, a JWT or an answer: its size tells the unit of the count.
/// </summary>
internal static class CountedTime
{
    // 9999-12-31T23:59:59Z, the last moment of DateTimeOffset.
    private const long MaxSeconds = 253402300799;

    /// <summary>
    /// Reads a count: an integer, a fraction, or one with an exponent, in the given unit where its size does not tell another. 0 and less
    /// are no moment, and a count past the year 9999, which stands for never, is the last one.
    /// </summary>
    internal static bool TryRead(string? text, CredentialsTimeUnit unit, out DateTimeOffset? at)
    {
        // Decimal first: it keeps the ticks of 1787613382524.616, which a double rounds.
        if (TryParse(text, out decimal count))
        {
            at = FromCount(count, PerSecond(count, unit));
            return true;
        }

        at = null;
        if (!text.AsSpan().ContainsAnyInRange('0', '9')
            || !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double beyond))
        {
            return false;
        }

        at = beyond > 0 ? DateTimeOffset.MaxValue : null;
        return true;
    }

    /// <summary>Formats a moment as an integer in seconds or milliseconds; one at or before 1970 as 1, since 0 reads as unknown.</summary>
    internal static string Format(DateTimeOffset at, CredentialsTimeUnit unit) => Format(at, PerSecond(0, unit));

    /// <summary>Formats a moment as an integer in the unit of another count.</summary>
    /// <returns>
    /// <see langword="null"/> if <paramref name="model"/> is no count, or a 0 in the place of an ISO 8601 time.
    /// </returns>
    internal static string? FormatLike(string? model, DateTimeOffset at, CredentialsTimeUnit unit) =>
        TryParse(model, out decimal count) && (count > 0 || unit != CredentialsTimeUnit.Iso8601)
            ? Format(at, PerSecond(count, unit))
            : null;

    /// <summary>Tells how many make a second: by the given unit, unless that gives a time which no token has.</summary>
    private static long PerSecond(decimal count, CredentialsTimeUnit unit) => count switch
    {
        // Nanoseconds and microseconds of the years 2001 to 2100.
        >= 1_000_000_000_000_000_000 and < 4_100_000_000_000_000_000 => 1_000_000_000,
        >= 1_000_000_000_000_000 and < 4_100_000_000_000_000 => 1_000_000,

        // Milliseconds from 2001 on. The greatest ones (8640000000000000, 9007199254740991) stand for never, as do greater counts.
        >= 1_000_000_000_000 and < 1_000_000_000_000_000_000 => 1_000,

        // Ten digits: as seconds from 2001 to 2286; as milliseconds early in 1970.
        >= 1_000_000_000 and < 10_000_000_000 => 1,
        _ => unit == CredentialsTimeUnit.Milliseconds ? 1_000 : 1,
    };

    private static bool TryParse(string? text, out decimal count) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out count);

    private static DateTimeOffset? FromCount(decimal count, long perSecond)
    {
        if (count <= 0)
        {
            return null;
        }

        decimal seconds = count / perSecond;
        return seconds < MaxSeconds
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : DateTimeOffset.MaxValue;
    }

    private static string Format(DateTimeOffset at, long perSecond)
    {
        decimal count = (decimal)(at - DateTimeOffset.UnixEpoch).Ticks * perSecond / TimeSpan.TicksPerSecond;
        return Math.Max(1, Math.Floor(count)).ToString("0", CultureInfo.InvariantCulture);
    }
}
