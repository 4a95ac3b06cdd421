using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Decides which members a new login changes, and replaces, inserts and cuts them in the bytes that were read.</summary>
/// <remarks>
/// A table of changes goes by <see cref="CredentialsMember"/>: <see langword="null"/> leaves the member alone, an empty value cuts it, any
/// other replaces or inserts it.
/// </remarks>
internal static class CredentialsJsonEditor
{
    /// <summary>How many entries a table of changes has.</summary>
    internal const int Roles = (int)CredentialsMember.LastRefresh + 1;

    /// <summary>Gets the change that cuts a member.</summary>
    internal static byte[] Cut => [];

    /// <summary>Compares the stored login with the next one.</summary>
    /// <exception cref="ArgumentException">A text cannot be written as UTF-8.</exception>
    internal static byte[]?[] Compare(
        ReadOnlySpan<byte> json, JsonSpans? login, OAuthCredentials? stored, OAuthCredentials next, CredentialsFileFormat format)
    {
        var changes = new byte[]?[Roles];
        bool isOtherRefreshToken = stored?.RefreshToken != next.RefreshToken;
        if (stored?.AccessToken != next.AccessToken)
        {
            Set(CredentialsMember.AccessToken, Quote(next.AccessToken));
        }

        if (next.RefreshToken is null)
        {
            Set(CredentialsMember.RefreshToken, Cut);
        }
        else if (isOtherRefreshToken)
        {
            Set(CredentialsMember.RefreshToken, Quote(next.RefreshToken));
        }

        JsonMember? expiry = login?.Find(CredentialsMember.ExpiresAt);
        string? model = format.TimeUnit == CredentialsTimeUnit.Iso8601 ? "2000-01-01T00:00:00Z" : null;
        if (next.ExpiresAt is { } at)
        {
            if (stored?.ExpiresAt != at)
            {
                Set(CredentialsMember.ExpiresAt, WriteTime(json, expiry, at, format.TimeUnit, model));
            }
        }
        else if (stored is null || (expiry is not null && expiry.Kind != JsonTokenType.Null))
        {
            // Never the old value: every other process would refresh at each look. Never 0: that is how a logout looks.
            Set(CredentialsMember.ExpiresAt, "null"u8.ToArray());
        }

        if (next.RefreshTokenExpiresAt is { } refreshTokenAt)
        {
            if (stored?.RefreshTokenExpiresAt != refreshTokenAt)
            {
                JsonMember? refreshTokenExpiry = login?.Find(CredentialsMember.RefreshTokenExpiresAt);
                Set(CredentialsMember.RefreshTokenExpiresAt, WriteTime(json, refreshTokenExpiry, refreshTokenAt, format.TimeUnit, model));
            }
        }
        else if (stored is null || isOtherRefreshToken)
        {
            Set(CredentialsMember.RefreshTokenExpiresAt, Cut);
        }

        if (next.Scopes is { } scopes)
        {
            Set(CredentialsMember.Scopes, CompareScopes(json, login?.Find(CredentialsMember.Scopes), scopes, format));
        }

        if (next.TokenType is { } tokenType && tokenType != stored?.TokenType && IsTextOrAbsent(login?.Find(CredentialsMember.TokenType))
            && (!format.WritesTypeOfBoundOnly || next.Key is not null))
        {
            Set(CredentialsMember.TokenType, Quote(tokenType));
        }

        // A refresh leaves it as it stands. Another login brings its own or cuts the former one, for which its refreshes would be refused.
        if (!next.ContinuesLogin && (stored is null || stored.AccountId != next.AccountId)
            && IsTextOrAbsent(login?.Find(CredentialsMember.AccountId)))
        {
            Set(CredentialsMember.AccountId, next.AccountId is { } account ? Quote(account) : Cut);
        }

        // The same holds for the identity token, but that a refresh may bring a new one in place of the stored one.
        JsonMember? idToken = login?.Find(CredentialsMember.IdToken);
        bool isRenewed = idToken is not null && next.IdToken is not null;
        if (stored?.IdToken != next.IdToken && (!next.ContinuesLogin || isRenewed) && IsTextOrAbsent(idToken))
        {
            Set(CredentialsMember.IdToken, next.IdToken is { } identity ? Quote(identity) : Cut);
        }

        // The key of the tokens stays as long as they are refreshed. Another login brings its own, or cuts the former one.
        if (!next.ContinuesLogin && (next.Key is not null || login?.Find(CredentialsMember.DPoPKey) is { Kind: not JsonTokenType.Null }))
        {
            Set(CredentialsMember.DPoPKey, CompareKeys(stored?.Key, next.Key, format));
        }

        return changes;

        void Set(CredentialsMember role, byte[]? value) => changes[(int)role] = format.Names[(int)role] is null ? null : value;
    }

    /// <summary>Makes the bytes of an object with the changes made to it, from brace to brace; so many (<paramref name="level"/>) names of
    /// the format's path lead to it.</summary>
    internal static byte[] Apply(ReadOnlySpan<byte> json, JsonSpans owner, byte[]?[] changes, CredentialsFileFormat format, int level)
    {
        var output = new MemoryStream(owner.End - owner.Start + 1024);
        output.WriteByte((byte)'{');
        for (int role = 0; role < changes.Length; role++)
        {
            if (changes[role] is { Length: > 0 } value && owner.Find((CredentialsMember)role) is null)
            {
                output.Write(output.Length > 1 ? ","u8 : default);
                output.Write(Quote(role switch
                {
                    (int)CredentialsMember.Section => format.Path[level],
                    (int)CredentialsMember.LastRefresh => format.LastRefreshMember!,
                    _ => format.Names[role]!,
                }));
                output.WriteByte((byte)':');
                output.Write(value);
            }
        }

        int kept = owner.Count;
        foreach (JsonMember member in owner.Members)
        {
            kept -= changes[(int)member.Role] is { Length: 0 } ? 1 : 0;
        }

        if (kept > 0)
        {
            output.Write(output.Length > 1 ? ","u8 : default);
            WriteMembers(output, json, owner, changes);
        }

        output.WriteByte((byte)'}');
        return output.ToArray();
    }

    /// <summary>Quotes and escapes; what HTML alone would want escaped (<c>+</c>, <c>&amp;</c>, <c>'</c>) stays readable.</summary>
    /// <exception cref="ArgumentException">The text holds half a surrogate pair.</exception>
    internal static byte[] Quote(string text)
    {
        // Tokens are plain ASCII; for the encoder alone a cold process compiles eight methods.
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && text.AsSpan().IndexOfAny('"', '\\') < 0)
        {
            return Encoding.ASCII.GetBytes("\"" + text + "\"");
        }

        try
        {
            return [(byte)'"', .. JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];
        }
        catch (ArgumentException e)
        {
            const string Message =
                "A token, a scope, the token type, the account id or a name holds a lone surrogate, which UTF-8 cannot carry.";
            throw new ArgumentException(Message, nameof(text), e);
        }
    }

    /// <summary>Writes a time like the stored one; where there is none, like <paramref name="model"/>, or without one as a count.</summary>
    internal static byte[] WriteTime(
        ReadOnlySpan<byte> json, JsonMember? stored, DateTimeOffset at, CredentialsTimeUnit unit, string? model)
    {
        string? like = EpochTime.FormatLike(CredentialsJsonReader.ReadTimeText(json, stored), at, unit);
        bool isText = like is not null ? stored!.Kind == JsonTokenType.String : model is not null;
        like ??= EpochTime.FormatLike(model, at, unit) ?? CountedTime.Format(at, unit);
        return isText ? Quote(like) : Encoding.UTF8.GetBytes(like);
    }

    private static void WriteMembers(MemoryStream output, ReadOnlySpan<byte> json, JsonSpans owner, byte[]?[] changes)
    {
        int position = owner.Start + 1;

        // Members at the beginning of the object are cut with the comma behind them, the others with that before. Here the former end.
        int leadingEnd = -1;
        foreach (JsonMember member in owner.Members)
        {
            byte[]? change = changes[(int)member.Role];
            if (change is { Length: 0 } && member.PreviousEnd == leadingEnd)
            {
                output.Write(json[position..member.NameStart]);
                position = member.NextStart;
                leadingEnd = member.ValueEnd;
            }
            else if (change is { Length: 0 })
            {
                output.Write(json[position..member.PreviousEnd]);
                position = member.ValueEnd;
            }
            else if (change is not null && member == owner.Find(member.Role))
            {
                output.Write(json[position..member.ValueStart]);
                output.Write(change);
                position = member.ValueEnd;
            }
        }

        output.Write(json[position..owner.End]);
    }

    // One that is the same stays as it stands, with whatever else it says.
    private static byte[]? CompareKeys(DPoPKey? stored, DPoPKey? next, CredentialsFileFormat format)
    {
        if (next is null)
        {
            return Cut;
        }

        if (format.DPoPKeyMember is null)
        {
            throw new TokenRefreshConfigurationException(
                "The login has a key ('DPoPKey'), and the format of the store names no member for it. Nothing was stored. "
                + "Set 'DPoPKeyMember' of the 'CredentialsFileFormat'.");
        }

        return stored?.Thumbprint == next.Thumbprint ? null : Encoding.UTF8.GetBytes(next.ExportJwk());
    }

    private static byte[]? CompareScopes(
        ReadOnlySpan<byte> json, JsonMember? member, IReadOnlyList<string> scopes, CredentialsFileFormat format)
    {
        // RFC 6749 section 3.3: 'scope' is one string with blanks. Under any other name an array is what programs write.
        bool isText = format.ScopesMember == "scope";
        if (member is not null && member.Kind != JsonTokenType.Null)
        {
            IReadOnlyList<string>? stored = CredentialsJsonReader.ReadScopes(json, member);
            if (stored is null || stored.SequenceEqual(scopes, StringComparer.Ordinal))
            {
                return null;
            }

            isText = member.Kind == JsonTokenType.String;
        }

        if (isText)
        {
            return Quote(string.Join(' ', scopes));
        }

        var array = new MemoryStream();
        foreach (string scope in scopes)
        {
            array.WriteByte(array.Length == 0 ? (byte)'[' : (byte)',');
            array.Write(Quote(scope));
        }

        array.Write(array.Length == 0 ? "[]"u8 : "]"u8);
        return array.ToArray();
    }

    // A member of another type is some other program's: it is left alone.
    private static bool IsTextOrAbsent(JsonMember? member) => member is null || member.Kind is JsonTokenType.String or JsonTokenType.Null;
}
