using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.TokenEndpoint;

/// <summary>Reads when a JWT (RFC 7519) expires. A hint: no signature is checked.</summary>
internal static class JwtExpiry
{
    private static readonly SearchValues<char> Base64UrlCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly decimal MaxSeconds = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Reads <c>exp</c> of an unencrypted JWT.</summary>
    /// <returns>The expiry; <see langword="null"/> for a token that is no such JWT or has no <c>exp</c> past 1970. Never throws.</returns>
    public static DateTimeOffset? TryRead(string accessToken)
    {
        // RFC 7519 section 6: the signature of an unsecured JWT is empty. An encrypted one (RFC 7516) has five parts.
        if (accessToken?.Split('.', 4) is not [var header, var payload, var signature] || signature.AsSpan().ContainsAnyExcept(Base64UrlCharacters))
        {
            return null;
        }

        try
        {
            return TryDecode(header) is { } head && IsObject(head) && TryDecode(payload) is { } claims ? TryReadExpiry(claims) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or escapes that are no text: some other kind of token that happens to have dots.
            return null;
        }
    }

    private static byte[]? TryDecode(string part)
    {
        if (part.Length == 0 || part.AsSpan().ContainsAnyExcept(Base64UrlCharacters))
        {
            return null;
        }

        var base64 = part.Replace('-', '+').Replace('_', '/');
        var bytes = Encoding.ASCII.GetBytes(base64.PadRight((base64.Length + 3) / 4 * 4, '='));
        return Base64.DecodeFromUtf8InPlace(bytes, out var written) == OperationStatus.Done ? bytes[..written] : null;
    }

    private static bool IsObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip() && !reader.Read();
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
