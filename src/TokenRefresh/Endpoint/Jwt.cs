using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Endpoint;

/// <summary>Reads the claims of an unencrypted JWT (RFC 7519). Hints: no signature is checked.</summary>
internal static class Jwt
{
    private static readonly SearchValues<char> Base64UrlCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Reads the bytes of the claims.</summary>
    /// <returns><see langword="null"/> for a token that is no such JWT.</returns>
    /// <exception cref="JsonException">The header is no JSON: some other kind of token that happens to have dots.</exception>
    public static byte[]? TryReadClaims(string? token) =>
        // RFC 7519 section 6: the signature of an unsecured JWT is empty. An encrypted one (RFC 7516) has five parts.
        token?.Split('.', 4) is [var header, var payload, var signature] && !signature.AsSpan().ContainsAnyExcept(Base64UrlCharacters) && TryDecode(header) is { } head && IsObject(head)
            ? TryDecode(payload)
            : null;

    /// <summary>Reads <c>sub</c>: whom the token is about.</summary>
    /// <returns><see langword="null"/> for a token that is no JWT or has no such text. Never throws.</returns>
    public static string? TryReadSubject(string? token)
    {
        try
        {
            return TryReadClaims(token) is { } claims && IsObject(claims) ? FindSubject(claims) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or escapes that are no text.
            return null;
        }
    }

    private static string? FindSubject(ReadOnlySpan<byte> claims)
    {
        string? subject = null;
        var reader = new Utf8JsonReader(claims);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isSubject = reader.ValueTextEquals("sub"u8);
            reader.Read();
            if (isSubject)
            {
                subject = reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } text ? text : null;
            }

            reader.Skip();
        }

        return subject;
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
}
