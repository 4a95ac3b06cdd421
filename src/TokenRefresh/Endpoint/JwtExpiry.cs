using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Reads when a JWT (RFC 7519) expires. A hint: no signature is checked.</summary>
internal static class JwtExpiry
{
    private static readonly decimal MaxSeconds = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Reads <c>exp</c> of an unencrypted JWT.</summary>
    /// <returns>The expiry; <see langword="null"/> for a token that is no such JWT or has no <c>exp</c> past 1970. Never throws.</returns>
    public static DateTimeOffset? TryRead(string accessToken)
    {
        try
        {
            return Jwt.TryReadClaims(accessToken) is { } claims ? TryReadExpiry(claims) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or escapes that are no text: some other kind of token that happens to have dots.
            return null;
        }
    }

    private static DateTimeOffset? TryReadExpiry(ReadOnlySpan<byte> claims)
    {
        DateTimeOffset? expiry = null;
        var reader = new Utf8JsonReader(claims);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isExpiry = reader.ValueTextEquals("exp"u8);
            reader.Read();
            if (isExpiry)
            {
                expiry = reader.TokenType == JsonTokenType.Number ? FromNumericDate(ref reader) : null;
            }

            reader.Skip();
        }

        reader.Read();
        return expiry;
    }

    /// <summary>Converts seconds, perhaps with a fraction (RFC 7519 section 2); far-off ones are clamped.</summary>
    private static DateTimeOffset? FromNumericDate(ref Utf8JsonReader reader)
    {
        if (!reader.TryGetDecimal(out var seconds))
        {
            return reader.TryGetDouble(out var beyond) && beyond > 0 ? DateTimeOffset.MaxValue : null;
        }

        if (seconds <= 0)
        {
            return null;
        }

        return seconds >= MaxSeconds ? DateTimeOffset.MaxValue : DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
    }
}
