using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Finds what differs between the stored login and the next one, and puts it into the document.</summary>
/// <param name="json">The document, without its byte order mark.</param>
/// <param name="login">The object that holds the login; <see langword="null"/> if it has to be made.</param>
/// <param name="stored">What is stored; <see langword="null"/> for nothing.</param>
/// <param name="format">The document's format.</param>
/// <param name="style">The layout of new members where no login member is there to copy it from.</param>
/// <param name="edits">Takes the changes.</param>
internal sealed class LoginSplice(ReadOnlyMemory<byte> json, JsonObjectMap? login, OAuthCredentials? stored, CredentialsFileFormat format, JsonStyle style, DocumentEdits edits)
{
    private readonly List<(string Name, string Value)> _missing = [];
    private readonly List<JsonMember> _removed = [];

    /// <summary>Records the changes to members that are there, and returns those that are missing, in the order in which they are to be written.</summary>
    public IReadOnlyList<(string Name, string Value)> Compare(OAuthCredentials next)
    {
        CompareTokens(next);
        CompareExpiries(next);
        CompareScopes(next.Scopes);
        CompareTokenType(next.TokenType);
        CompareAccountId(next);
        return _missing;
    }

    /// <summary>Puts the changes into the login's own object.</summary>
    /// <param name="owner">The object that holds the login.</param>
    /// <param name="outer">The style of the object around it; <see langword="null"/> if the login stands at the top level.</param>
    public void Apply(JsonObjectMap owner, JsonStyle? outer)
    {
        var removed = _removed.OrderBy(member => member.NameStart).ToList();
        if (_missing.Count == 0)
        {
            edits.Remove(owner, removed);
            return;
        }

        if (owner.Last is not { } last)
        {
            edits.Replace(owner.Start + 1, owner.End, style.Interior(outer, _missing));
            return;
        }

        if (owner.Known.Except(removed).Where(member => member.Role != LoginMember.Section).Cast<JsonMember?>().LastOrDefault() is { } anchor)
        {
            InsertBehind(anchor, anchor.ValueEnd);
        }
        else if (!removed.Contains(last))
        {
            InsertBehind(last, last.ValueEnd);
        }
        else if (LastSurvivorEnd(last, removed) is { } end)
        {
            InsertBehind(last, end);
        }
        else
        {
            // Nothing else stands here: the new members take the place of all the old ones.
            edits.Replace(removed[0].NameStart, last.ValueEnd, JsonStyle.Of(json.Span, edits, last).Members(_missing));
            return;
        }

        edits.Remove(owner, removed);
    }

    private void InsertBehind(JsonMember model, int at)
    {
        var like = JsonStyle.Of(json.Span, edits, model);
        edits.Insert(at, "," + like.Gap + like.Members(_missing));
    }

    private int? LastSurvivorEnd(JsonMember last, List<JsonMember> removed)
    {
        var end = edits.PreviousValueEnd(last);
        for (var i = removed.Count - 2; i >= 0 && end == removed[i].ValueEnd; i--)
        {
            end = edits.PreviousValueEnd(removed[i]);
        }

        return end;
    }

    private void CompareTokens(OAuthCredentials next)
    {
        if (!string.Equals(stored?.AccessToken, next.AccessToken, StringComparison.Ordinal))
        {
            Set(LoginMember.AccessToken, format.AccessTokenMember, JsonText.Quote(next.AccessToken));
        }

        if (next.RefreshToken is null)
        {
            Remove(LoginMember.RefreshToken);
        }
        else if (IsOtherRefreshToken(next))
        {
            Set(LoginMember.RefreshToken, format.RefreshTokenMember, JsonText.Quote(next.RefreshToken));
        }
    }

    private void CompareExpiries(OAuthCredentials next)
    {
        var expiresAt = login?.Find(LoginMember.ExpiresAt);
        if (next.ExpiresAt is { } at)
        {
            if (stored?.ExpiresAt?.UtcTicks != at.UtcTicks)
            {
                Set(LoginMember.ExpiresAt, format.ExpiresAtMember, EpochTime.Format(at, format.TimeUnit));
            }
        }
        else if (stored is null || expiresAt is not (null or { Kind: JsonTokenType.Null }))
        {
            // Never the old value: every other process would refresh at each look. Never 0: that is how a logout looks.
            Set(LoginMember.ExpiresAt, format.ExpiresAtMember, "null");
        }

        if (next.RefreshTokenExpiresAt is { } refreshTokenAt)
        {
            if (format.RefreshTokenExpiresAtMember is { } name && stored?.RefreshTokenExpiresAt?.UtcTicks != refreshTokenAt.UtcTicks)
            {
                Set(LoginMember.RefreshTokenExpiresAt, name, EpochTime.Format(refreshTokenAt, format.TimeUnit));
            }
        }
        else if (stored is null || IsOtherRefreshToken(next))
        {
            Remove(LoginMember.RefreshTokenExpiresAt);
        }
    }

    private void CompareScopes(IReadOnlyList<string>? scopes)
    {
        if (scopes is null || format.ScopesMember is not { } name)
        {
            return;
        }

        if (login?.Find(LoginMember.Scopes) is not { Kind: not JsonTokenType.Null } member)
        {
            // RFC 6749 section 3.3: 'scope' is one string with blanks. Under any other name an array is what programs write.
            var isText = string.Equals(name, "scope", StringComparison.Ordinal);
            Set(LoginMember.Scopes, name, isText ? JsonText.Quote(string.Join(' ', scopes)) : style.Array([], scopes));
        }
        else if (LoginReader.TryReadScopes(json.Span, member) is { } known && !known.SequenceEqual(scopes, StringComparer.Ordinal))
        {
            var like = JsonStyle.Of(json.Span, edits, member);
            var isText = member.Kind == JsonTokenType.String;
            Set(LoginMember.Scopes, name, isText ? JsonText.Quote(string.Join(' ', scopes)) : like.Array(member.Value(json.Span), scopes));
        }
    }

    private void CompareTokenType(string? tokenType)
    {
        // A member of another type is some other program's: it is left alone.
        if (tokenType is not null && format.TokenTypeMember is { } name && !string.Equals(stored?.TokenType, tokenType, StringComparison.Ordinal)
            && login?.Find(LoginMember.TokenType) is null or { Kind: JsonTokenType.String or JsonTokenType.Null })
        {
            Set(LoginMember.TokenType, name, JsonText.Quote(tokenType));
        }
    }

    private void CompareAccountId(OAuthCredentials next)
    {
        if (next.ContinuesLogin || format.AccountIdMember is not { } name || login?.Find(LoginMember.AccountId) is not (null or { Kind: JsonTokenType.String or JsonTokenType.Null }))
        {
            return;
        }

        if (next.AccountId is null)
        {
            // It says whose login stood here before; a refresh of this one would be refused for it.
            if (stored is null or { AccountId: not null })
            {
                Remove(LoginMember.AccountId);
            }
        }
        else if (!string.Equals(stored?.AccountId, next.AccountId, StringComparison.Ordinal))
        {
            Set(LoginMember.AccountId, name, JsonText.Quote(next.AccountId));
        }
    }

    private bool IsOtherRefreshToken(OAuthCredentials next) => !string.Equals(stored?.RefreshToken, next.RefreshToken, StringComparison.Ordinal);

    private void Set(LoginMember role, string name, string value)
    {
        if (login?.Find(role) is { } member)
        {
            edits.Replace(member.ValueStart, member.ValueEnd, value);
        }
        else
        {
            _missing.Add((name, value));
        }
    }

    private void Remove(LoginMember role) => _removed.AddRange((login?.Known ?? []).Where(member => member.Role == role));
}
