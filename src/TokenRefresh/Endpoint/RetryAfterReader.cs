using System.Globalization;

namespace TokenRefresh.Endpoint;

/// <summary>Reads <c>Retry-After</c> (RFC 9110 section 10.2.3) in both forms.</summary>
internal static class RetryAfterReader
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36525);

    /// <summary>
    /// Returns the time to wait from now, not negative and not capped; <see langword="null"/> if none is named or it cannot be read.
    /// </summary>
    internal static TimeSpan? Read(HttpResponseMessage response, TimeProvider time)
    {
        if (!response.Headers.NonValidated.TryGetValues("Retry-After", out var values))
        {
            return null;
        }

        string text = values.ToString().Trim();

        // The typed header knows whole seconds of 32 bits only; servers also send fractions and absurdly many.
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && !double.IsNaN(seconds))
        {
            return seconds <= 0 ? TimeSpan.Zero : seconds >= Longest.TotalSeconds ? Longest : TimeSpan.FromSeconds(seconds);
        }

        if (response.Headers.RetryAfter?.Date is { } date)
        {
            TimeSpan wait = date - time.GetUtcNow();
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }

        return null;
    }
}
