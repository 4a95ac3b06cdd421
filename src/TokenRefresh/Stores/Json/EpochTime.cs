using System.Globalization;

namespace TokenRefresh.Stores.Json;

/// <summary>Reads and writes a moment counted from 1970-01-01T00:00:00Z.</summary>
internal static class EpochTime
{
    private static readonly long MaxTicks = DateTimeOffset.MaxValue.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;

    /// <summary>Reads a count (integer, fraction, exponent) or an ISO 8601 time, which is UTC unless it says otherwise.</summary>
    /// <returns><see langword="false"/> if <paramref name="text"/> is neither. No text, 0 and less give no moment; a count past the year 9999 gives the last one.</returns>
    public static bool TryRead(string text, CredentialsTimeUnit unit, out DateTimeOffset? at)
    {
        at = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            return true;
        }

        // Decimal first: it keeps the ticks of 1787613382524.616, which a double rounds.
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var count))
        {
            at = FromCount(count, unit);
            return true;
        }

        if (text.AsSpan().ContainsAnyInRange('0', '9') && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var beyond))
        {
            at = beyond > 0 ? DateTimeOffset.MaxValue : null;
            return true;
        }

        var trimmed = text.AsSpan().Trim();
        if (trimmed.Length >= 10 && trimmed[4] == '-' && trimmed[7] == '-'
            && DateTimeOffset.TryParse(trimmed, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
        {
            at = time > DateTimeOffset.UnixEpoch ? time : null;
            return true;
        }

        return false;
    }

    /// <summary>Formats a moment as an integer; one at or before 1970 as 1, since 0 reads as unknown.</summary>
    public static string Format(DateTimeOffset at, CredentialsTimeUnit unit) =>
        Math.Max(1, unit == CredentialsTimeUnit.Milliseconds ? at.ToUnixTimeMilliseconds() : at.ToUnixTimeSeconds()).ToString(CultureInfo.InvariantCulture);

    private static DateTimeOffset? FromCount(decimal count, CredentialsTimeUnit unit)
    {
        if (count <= 0)
        {
            return null;
        }

        var ticks = unit == CredentialsTimeUnit.Milliseconds ? TimeSpan.TicksPerMillisecond : TimeSpan.TicksPerSecond;
        return count >= MaxTicks / ticks ? DateTimeOffset.MaxValue : DateTimeOffset.UnixEpoch.AddTicks((long)(count * ticks));
    }
}
