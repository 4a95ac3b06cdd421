using System.Text;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Reads the login out of the object that holds it.</summary>
internal static class LoginReader
{
    /// <summary>Reads the login; <see langword="null"/> if neither token is there.</summary>
    /// <exception cref="CredentialsDocumentException">A token or the expiry is of a type that cannot be read.</exception>
    public static OAuthCredentials? Read(ReadOnlySpan<byte> json, JsonObjectMap login, CredentialsFileFormat format)
    {
        var accessToken = ReadToken(json, login.Find(LoginMember.AccessToken), format, format.AccessTokenMember);
        var refreshToken = ReadToken(json, login.Find(LoginMember.RefreshToken), format, format.RefreshTokenMember);
        var expiresAt = ReadExpiry(json, login.Find(LoginMember.ExpiresAt), format);
        if (accessToken is null && refreshToken is null)
        {
            return null;
        }

        return new OAuthCredentials(accessToken ?? "", refreshToken, expiresAt)
        {
            RefreshTokenExpiresAt = TryReadTime(json, login.Find(LoginMember.RefreshTokenExpiresAt), format, out var at) ? at : null,
            Scopes = TryReadScopes(json, login.Find(LoginMember.Scopes)),
            TokenType = login.Find(LoginMember.TokenType) is { Kind: JsonTokenType.String } type ? TryReadString(type.Value(json)) : null,
            AccountId = login.Find(LoginMember.AccountId) is { Kind: JsonTokenType.String } account && TryReadString(account.Value(json)) is { Length: > 0 } id ? id : null,
        };
    }

    /// <summary>Reads an array of strings or one string with blanks; <see langword="null"/> for anything else.</summary>
    public static IReadOnlyList<string>? TryReadScopes(ReadOnlySpan<byte> json, JsonMember? member)
    {
        if (member is { Kind: JsonTokenType.String } text)
        {
            return TryReadString(text.Value(json))?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        if (member is not { Kind: JsonTokenType.StartArray } array)
        {
            return null;
        }

        var scopes = new List<string>();
        var reader = new Utf8JsonReader(array.Value(json), JsonObjectMap.AnyDepth);
        for (reader.Read(); reader.Read() && reader.TokenType != JsonTokenType.EndArray;)
        {
            if (reader.TokenType != JsonTokenType.String || TryGetString(ref reader) is not { } scope)
            {
                return null;
            }

            scopes.Add(scope);
        }

        return scopes;
    }

    private static string? ReadToken(ReadOnlySpan<byte> json, JsonMember? member, CredentialsFileFormat format, string name)
    {
        if (member is not { } token || token.Kind == JsonTokenType.Null)
        {
            return null;
        }

        if (token.Kind != JsonTokenType.String)
        {
            throw CredentialsDocumentException.WrongMember(json, Path(format, name), token, "a string");
        }

        return TryReadString(token.Value(json)) ?? throw CredentialsDocumentException.NoUnicodeText(json, Path(format, name), token);
    }

    private static DateTimeOffset? ReadExpiry(ReadOnlySpan<byte> json, JsonMember? member, CredentialsFileFormat format)
    {
        if (!TryReadTime(json, member, format, out var at))
        {
            throw CredentialsDocumentException.WrongMember(json, Path(format, format.ExpiresAtMember), member!.Value, "a number or an ISO 8601 time");
        }

        return at;
    }

    private static bool TryReadTime(ReadOnlySpan<byte> json, JsonMember? member, CredentialsFileFormat format, out DateTimeOffset? at)
    {
        at = null;
        switch (member?.Kind)
        {
            case null or JsonTokenType.Null:
                return true;
            case JsonTokenType.Number:
                return EpochTime.TryRead(Encoding.UTF8.GetString(member.Value.Value(json)), format.TimeUnit, out at);
            case JsonTokenType.String:
                return TryReadString(member.Value.Value(json)) is { } text && EpochTime.TryRead(text, format.TimeUnit, out at);
            default:
                return false;
        }
    }

    private static string? TryReadString(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        reader.Read();
        return TryGetString(ref reader);
    }

    private static string? TryGetString(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // The reader checks neither UTF-8 nor surrogates before a value is asked for.
            return null;
        }
    }

    private static string Path(CredentialsFileFormat format, string name) => format.Section is null ? name : $"{format.Section}.{name}";
}
