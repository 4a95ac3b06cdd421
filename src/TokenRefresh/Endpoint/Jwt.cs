using System.Buffers;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Reads the claims of an unencrypted JWT (RFC 7519). Hints: no signature is checked.</summary>
internal static class Jwt
{
    private static readonly SearchValues<char> Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Reads <c>exp</c>: when the token expires.</summary>
    /// <returns>The expiry; <see langword="null"/> for a token that is no JWT or has no <c>exp</c> past 1970. Never throws.</returns>
    internal static DateTimeOffset? TryReadExpiry(string? token)
    {
        // Seconds, perhaps with a fraction (RFC 7519 section 2), or the milliseconds or smaller parts that some servers make of them.
        string? expiry = TryRead(token, "exp", JsonValueKind.Number);
        return CountedTime.TryRead(expiry, CredentialsTimeUnit.Seconds, out DateTimeOffset? at) ? at : null;
    }

    /// <summary>Reads <c>sub</c>: whom the token is about.</summary>
    /// <returns><see langword="null"/> for a token that is no JWT or has no such text. Never throws.</returns>
    internal static string? TryReadSubject(string? token) =>
        TryRead(token, "sub", JsonValueKind.String) is { Length: > 0 } subject ? subject : null;

    private static string? TryRead(string? token, string claim, JsonValueKind kind)
    {
        // RFC 7519 section 6: the signature of an unsecured JWT is empty. An encrypted one (RFC 7516) has five parts.
        if (token?.Split('.', 4) is not [string header, string payload, _] || token.AsSpan().ContainsAnyExcept(Characters))
        {
            return null;
        }

        try
        {
            // Opaque tokens may have dots too; the header tells them apart.
            using JsonDocument? head = TryParse(header);
            using JsonDocument? claims = head?.RootElement.ValueKind == JsonValueKind.Object ? TryParse(payload) : null;
            if (claims is null || !claims.RootElement.TryGetProperty(claim, out JsonElement value) || value.ValueKind != kind)
            {
                return null;
            }

            return kind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Some other kind of token, claims that are no object, or escapes that are no text.
            return null;
        }
    }

    private static JsonDocument? TryParse(string part)
    {
        string base64 = part.Replace('-', '+').Replace('_', '/').PadRight((part.Length + 3) / 4 * 4, '=');
        byte[] bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out int length) ? JsonDocument.Parse(bytes.AsMemory(0, length)) : null;
    }
}
