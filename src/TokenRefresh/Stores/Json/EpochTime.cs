using System.Globalization;

namespace TokenRefresh.Stores.Json;

/// <summary>Reads and writes a moment counted from 1970-01-01T00:00:00Z, or as an ISO 8601 time.</summary>
internal static class EpochTime
{
    /// <summary>Reads a count (integer, fraction, exponent) or an ISO 8601 time, which is UTC unless it says otherwise.</summary>
    /// <returns>
    /// <see langword="false"/> if <paramref name="text"/> is neither. No text, 0 and less give no moment; a count past the year 9999 gives
    /// the last one.
    /// </returns>
    internal static bool TryRead(string text, CredentialsTimeUnit unit, out DateTimeOffset? at)
    {
        at = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            return true;
        }

        if (CountedTime.TryRead(text, unit, out at))
        {
            return true;
        }

        if (!TryReadIso(text, DateTimeStyles.AdjustToUniversal, out DateTimeOffset time))
        {
            return false;
        }

        at = time > DateTimeOffset.UnixEpoch ? time : null;
        return true;
    }

    /// <summary>Formats a moment like <paramref name="model"/>: in its unit, or as an ISO 8601 time with its fraction and offset.</summary>
    /// <returns><see langword="null"/> if <paramref name="model"/> is no time.</returns>
    internal static string? FormatLike(string? model, DateTimeOffset at, CredentialsTimeUnit unit)
    {
        if (CountedTime.FormatLike(model, at, unit) is { } counted)
        {
            return counted;
        }

        if (model is null || !TryReadIso(model, DateTimeStyles.None, out DateTimeOffset known))
        {
            return null;
        }

        at = at > DateTimeOffset.UnixEpoch ? at : DateTimeOffset.UnixEpoch.AddSeconds(1);
        string like = FormatIso(model.Trim(), at, known.Offset);

        // What is missing in an unusual model, as the seconds, would be missing here too.
        bool isSame = TryReadIso(like, DateTimeStyles.None, out DateTimeOffset written)
            && at - written is { Ticks: >= 0 and < TimeSpan.TicksPerSecond };
        return isSame ? like : at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }

    private static bool TryReadIso(string text, DateTimeStyles style, out DateTimeOffset time)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        time = default;
        return trimmed.Length >= 10 && trimmed[4] == '-' && trimmed[7] == '-'
            && DateTimeOffset.TryParse(trimmed, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | style, out time);
    }

    private static string FormatIso(string model, DateTimeOffset at, TimeSpan offset)
    {
        bool hasTime = model.Length > 10;
        int zone = hasTime ? model.AsSpan(11).IndexOfAny("Zz+-") + 11 : -1;
        string suffix = !hasTime ? "Z" : zone < 11 ? "" : model[zone..];
        int dot = model.IndexOf('.', StringComparison.Ordinal);
        int digits = dot < 0 ? 0 : model.Length - suffix.Length - dot - 1;
        long ticks = Math.Clamp(at.UtcTicks + offset.Ticks, 0, DateTime.MaxValue.Ticks);
        string fraction = digits > 0 ? "." + new string('f', Math.Min(digits, 7)) : "";
        string format = $"yyyy-MM-dd'{(hasTime ? model[10] : 'T')}'HH:mm:ss{fraction}";
        return new DateTime(ticks).ToString(format, CultureInfo.InvariantCulture) + new string('0', Math.Max(0, digits - 7)) + suffix;
    }
}
