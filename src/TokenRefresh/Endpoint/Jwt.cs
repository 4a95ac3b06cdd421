using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Reads the claims of an unencrypted JWT (RFC 7519). Hints: no signature is checked.</summary>
internal static class Jwt
{
    private static readonly SearchValues<char> Base64UrlCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Reads <c>exp</c>: when the token expires.</summary>
    /// <returns>The expiry; <see langword="null"/> for a token that is no JWT or has no <c>exp</c> past 1970. Never throws.</returns>
    internal static DateTimeOffset? TryReadExpiry(string? token)
    {
        // Seconds, perhaps with a fraction (RFC 7519 section 2), or the milliseconds or smaller parts that some servers make of them.
        using JsonDocument? claims = TryReadClaims(token);
        return claims is not null && TryGet(claims, "exp", out JsonElement expiry) && expiry.ValueKind == JsonValueKind.Number
            && CountedTime.TryRead(expiry.GetRawText(), CredentialsTimeUnit.Seconds, out DateTimeOffset? at)
            ? at
            : null;
    }

    /// <summary>Reads <c>sub</c>: whom the token is about.</summary>
    /// <returns><see langword="null"/> for a token that is no JWT or has no such text. Never throws.</returns>
    internal static string? TryReadSubject(string? token)
    {
        using JsonDocument? claims = TryReadClaims(token);
        try
        {
            return claims is not null && TryGet(claims, "sub", out JsonElement subject) && subject.ValueKind == JsonValueKind.String
                && subject.GetString() is { Length: > 0 } text ? text : null;
        }
        catch (InvalidOperationException)
        {
            // Escapes that are no text.
            return null;
        }
    }

    private static JsonDocument? TryReadClaims(string? token)
    {
        // RFC 7519 section 6: the signature of an unsecured JWT is empty. An encrypted one (RFC 7516) has five parts.
        if (token?.Split('.', 4) is not [string header, string payload, string signature]
            || signature.AsSpan().ContainsAnyExcept(Base64UrlCharacters))
        {
            return null;
        }

        // Opaque tokens may have dots too; the header tells them apart.
        using JsonDocument? head = TryParseObject(header);
        return head is null ? null : TryParseObject(payload);
    }

    private static JsonDocument? TryParseObject(string part)
    {
        if (part.Length == 0 || part.AsSpan().ContainsAnyExcept(Base64UrlCharacters))
        {
            return null;
        }

        string base64 = part.Replace('-', '+').Replace('_', '/');
        byte[] bytes = Encoding.ASCII.GetBytes(base64.PadRight((base64.Length + 3) / 4 * 4, '='));
        if (Base64.DecodeFromUtf8InPlace(bytes, out int length) != OperationStatus.Done)
        {
            return null;
        }

        try
        {
            var json = JsonDocument.Parse(bytes.AsMemory(0, length));
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                return json;
            }

            json.Dispose();
        }
        catch (JsonException)
        {
            // Some other kind of token.
        }

        return null;
    }

    private static bool TryGet(JsonDocument claims, string name, out JsonElement value)
    {
        try
        {
            return claims.RootElement.TryGetProperty(name, out value);
        }
        catch (InvalidOperationException)
        {
            // The name of another member is no text.
            value = default;
            return false;
        }
    }
}
