using System.Text;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Reads the login's values out of the spans at which they stand.</summary>
internal static class CredentialsJsonReader
{
    /// <summary>Reads the login; <see langword="null"/> if neither token is there.</summary>
    /// <exception cref="CredentialsDocumentException">A token or the expiry is of a type that cannot be read.</exception>
    internal static OAuthCredentials? Read(ReadOnlySpan<byte> json, JsonSpans login, CredentialsFileFormat format)
    {
        string? accessToken = ReadToken(json, login.Find(CredentialsMember.AccessToken), format);
        string? refreshToken = ReadToken(json, login.Find(CredentialsMember.RefreshToken), format);
        JsonMember? expiry = login.Find(CredentialsMember.ExpiresAt);
        if (!TryReadTime(json, expiry, format.TimeUnit, out DateTimeOffset? expiresAt))
        {
            throw CredentialsDocumentException.WrongMember(json, PathOf(format, expiry!.Role), expiry, "a number or an ISO 8601 time");
        }

        if (accessToken is null && refreshToken is null)
        {
            return null;
        }

        // An odd one is left alone: it is not needed.
        JsonMember? refreshTokenExpiry = login.Find(CredentialsMember.RefreshTokenExpiresAt);
        _ = TryReadTime(json, refreshTokenExpiry, format.TimeUnit, out DateTimeOffset? refreshTokenExpiresAt);
        string? accountId = ReadText(json, login.Find(CredentialsMember.AccountId));
        JsonMember? key = login.Find(CredentialsMember.DPoPKey);
        return new OAuthCredentials(accessToken ?? "", refreshToken, expiresAt)
        {
            RefreshTokenExpiresAt = refreshTokenExpiresAt,
            Scopes = ReadScopes(json, login.Find(CredentialsMember.Scopes)),
            TokenType = ReadText(json, login.Find(CredentialsMember.TokenType)),
            AccountId = string.IsNullOrEmpty(accountId) ? null : accountId,
            IdToken = ReadText(json, login.Find(CredentialsMember.IdToken)),
            Login = NameOf(format.Path),
            Key = key is null || key.Kind == JsonTokenType.Null ? null : ReadKey(json, key, format),
        };
    }

    /// <summary>Reads an array of strings or one string with blanks; <see langword="null"/> for anything else.</summary>
    internal static IReadOnlyList<string>? ReadScopes(ReadOnlySpan<byte> json, JsonMember? member)
    {
        if (member is null || member.Kind != JsonTokenType.StartArray)
        {
            return ReadText(json, member)?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        var scopes = new List<string>();
        var reader = new Utf8JsonReader(json[member.ValueStart..member.ValueEnd], JsonSpans.AnyDepth);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String || GetText(ref reader) is not { } scope)
            {
                return null;
            }

            scopes.Add(scope);
        }

        return scopes;
    }

    /// <summary>Reads a string; <see langword="null"/> for anything else, and for bytes or escapes that are no Unicode text.</summary>
    internal static string? ReadText(ReadOnlySpan<byte> json, JsonMember? member)
    {
        if (member is null || member.Kind != JsonTokenType.String)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json[member.ValueStart..member.ValueEnd]);
        reader.Read();
        return GetText(ref reader);
    }

    /// <summary>Reads the text in which a time stands, as a number or in a string.</summary>
    internal static string? ReadTimeText(ReadOnlySpan<byte> json, JsonMember? member) =>
        member is not null && member.Kind == JsonTokenType.Number
            ? Encoding.UTF8.GetString(json[member.ValueStart..member.ValueEnd])
            : ReadText(json, member);

    /// <summary>Reads the names of an object's members, in the order of the document.</summary>
    internal static List<string> ReadNames(ReadOnlySpan<byte> json, JsonSpans owner)
    {
        var names = new List<string>(owner.Count);
        var reader = new Utf8JsonReader(json[owner.Start..(owner.End + 1)], JsonSpans.AnyDepth);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            names.Add(GetText(ref reader) ?? Encoding.UTF8.GetString(reader.ValueSpan));
            reader.Skip();
        }

        return names;
    }

    /// <summary>Gets how messages name a member of the login: with its path.</summary>
    internal static string PathOf(CredentialsFileFormat format, CredentialsMember role) =>
        string.Join('.', [.. format.Path, format.Names[(int)role]]);

    /// <summary>
    /// Gets the name of a login in the coordination record: of one name that name, of more a JSON pointer (RFC 6901), as of one name that
    /// would look like it.
    /// </summary>
    internal static string NameOf(string[] path)
    {
        if (path.Length == 0 || (path.Length == 1 && path[0][0] != '/'))
        {
            return path.Length == 0 ? "" : path[0];
        }

        var pointer = new StringBuilder();
        foreach (string name in path)
        {
            pointer.Append('/')
                .Append(name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
        }

        return pointer.ToString();
    }

    private static string? ReadToken(ReadOnlySpan<byte> json, JsonMember? member, CredentialsFileFormat format)
    {
        if (member is null || member.Kind == JsonTokenType.Null)
        {
            return null;
        }

        if (member.Kind != JsonTokenType.String)
        {
            throw CredentialsDocumentException.WrongMember(json, PathOf(format, member.Role), member, "a string");
        }

        return ReadText(json, member) ?? throw CredentialsDocumentException.NoUnicodeText(json, PathOf(format, member.Role), member);
    }

    // A key that cannot be read is no reason to go on without: the refresh token would be presented without its proof.
    private static DPoPKey ReadKey(ReadOnlySpan<byte> json, JsonMember member, CredentialsFileFormat format)
    {
        if (member.Kind != JsonTokenType.StartObject)
        {
            throw CredentialsDocumentException.WrongMember(json, PathOf(format, member.Role), member, "a JSON Web Key");
        }

        try
        {
            return DPoPKey.Parse(json[member.ValueStart..member.ValueEnd].ToArray());
        }
        catch (FormatException e)
        {
            throw CredentialsDocumentException.WrongKey(json, PathOf(format, member.Role), member, e.Message);
        }
    }

    private static bool TryReadTime(ReadOnlySpan<byte> json, JsonMember? member, CredentialsTimeUnit unit, out DateTimeOffset? at)
    {
        at = null;
        return member is null || member.Kind == JsonTokenType.Null
            || (ReadTimeText(json, member) is { } text && EpochTime.TryRead(text, unit, out at));
    }

    private static string? GetText(ref Utf8JsonReader reader)
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
}
