using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>The bytes of a credentials file and the login in them. Immutable, safe for concurrent use as long as nobody changes the bytes.</summary>
/// <remarks>
/// Changes are spliced into the bytes that were read: everything that belongs to other programs, from key order to number text, survives.
/// <see cref="CredentialsFileFormat.Auto"/> takes a document with a <c>claudeAiOauth</c> section for Claude Code's, even if flat members stand beside it (a section is written on purpose, flat members may be left-overs);
/// one without, but with a flat token member, for flat OAuth; any other for one into which Claude Code's section is to be written.
/// </remarks>
internal sealed class CredentialsDocument
{
    private readonly ReadOnlyMemory<byte> _mark;
    private readonly ReadOnlyMemory<byte> _json;
    private readonly JsonObjectMap? _top;

    private CredentialsDocument(ReadOnlyMemory<byte> mark, ReadOnlyMemory<byte> json, JsonObjectMap? top, CredentialsFileFormat format)
    {
        _mark = mark;
        _json = json;
        _top = top;
        Format = format;
        Credentials = Login is { } login ? LoginReader.Read(json.Span, login, format) : null;
    }

    /// <summary>Gets the login.</summary>
    /// <value><see langword="null"/> if nothing is stored; one whose <see cref="OAuthCredentials.IsSignedOut"/> is set for the sentinel of a logout.</value>
    public OAuthCredentials? Credentials { get; }

    /// <summary>Gets the format in which the document is read and written, never <see cref="CredentialsFileFormat.Auto"/>.</summary>
    public CredentialsFileFormat Format { get; }

    private JsonObjectMap? Login => Format.Section is null ? _top : _top?.Section;

    /// <summary>Reads a document. Its bytes are kept, not copied.</summary>
    /// <param name="utf8">The whole file. Nothing, or white space alone, is a document without a login.</param>
    /// <param name="format">The format.</param>
    /// <exception cref="CredentialsDocumentException">The bytes are no JSON object, or the section, a token or the expiry is of a wrong type.</exception>
    public static CredentialsDocument Parse(ReadOnlyMemory<byte> utf8, CredentialsFileFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        var mark = utf8.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
        var json = utf8[mark..];
        if (json.Span.TrimStart(JsonStyle.WhiteSpace).IsEmpty)
        {
            return new(utf8[..mark], json, top: null, Recognize(format, top: null));
        }

        var (topNames, sectionNames) = LoginMemberNames.Of(format);
        var top = JsonObjectMap.Read(json.Span, topNames, sectionNames);
        var recognized = Recognize(format, top);

        // A null is what a program may leave at a logout; anything else in the section's place is nobody's login.
        if (recognized.Section is { } name && top.Section is null && SectionMember(top) is { } section)
        {
            throw CredentialsDocumentException.NoObject(json.Span, $"The member '{name}'", section.ValueStart, section.Kind);
        }

        return new(utf8[..mark], json, top, recognized);
    }

    /// <summary>Makes the bytes that hold <paramref name="next"/> in place of the login that was read.</summary>
    /// <exception cref="ArgumentException">The access token is empty, or a text cannot be written as UTF-8.</exception>
    public byte[] With(OAuthCredentials next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (next.AccessToken.Length == 0)
        {
            throw new ArgumentException("A login without an access token is never written. Remove the login instead.", nameof(next));
        }

        if (!new[] { next.AccessToken, next.RefreshToken, next.TokenType, next.AccountId }.Concat(next.Scopes ?? []).All(text => text is null || JsonText.IsUnicode(text)))
        {
            throw new ArgumentException("A token, a scope, the token type or the account id holds a lone surrogate, which UTF-8 cannot carry.", nameof(next));
        }

        var edits = new DocumentEdits(_json);
        var (outer, own) = Styles(edits);
        var splice = new LoginSplice(_json, Login, Credentials, Format, own, edits);
        var missing = splice.Compare(next);
        if (Login is { } login)
        {
            splice.Apply(login, outer);
        }
        else
        {
            AddLogin(edits, outer, own, missing);
        }

        return edits.Apply(_mark.Span);
    }

    /// <summary>Makes the bytes without the login: the section, or the login's own members, are cut out.</summary>
    public byte[] Without()
    {
        var edits = new DocumentEdits(_json);
        if (_top is not null)
        {
            var isSection = Format.Section is not null;
            edits.Remove(_top, [.. _top.Known.Where(member => (member.Role == LoginMember.Section) == isSection)]);
        }

        return edits.Apply(_mark.Span);
    }

    private static CredentialsFileFormat Recognize(CredentialsFileFormat format, JsonObjectMap? top)
    {
        if (!ReferenceEquals(format, CredentialsFileFormat.Auto))
        {
            return format;
        }

        var isFlat = top is not null && SectionMember(top) is null
            && (top.Find(LoginMember.AccessToken) ?? top.Find(LoginMember.RefreshToken)) is not null;
        return isFlat ? CredentialsFileFormat.FlatOAuth : CredentialsFileFormat.ClaudeCode;
    }

    private static JsonMember? SectionMember(JsonObjectMap top) =>
        top.Find(LoginMember.Section) is { Kind: not JsonTokenType.Null } section ? section : null;

    /// <summary>Gets the layout of the object around the login, if there is one, and that of the login's own.</summary>
    private (JsonStyle? Outer, JsonStyle Own) Styles(DocumentEdits edits)
    {
        var top = Of(_top) ?? JsonStyle.Indented;
        return Format.Section is null ? (null, top) : (top, Of(_top?.Section) ?? top.Nested());

        JsonStyle? Of(JsonObjectMap? map) => map?.Last is { } last ? JsonStyle.Of(_json.Span, edits, last) : null;
    }

    private void AddLogin(DocumentEdits edits, JsonStyle? outer, JsonStyle own, IReadOnlyList<(string Name, string Value)> members)
    {
        var login = outer is null ? members : [(Format.Section!, "{" + own.Interior(outer, members) + "}")];
        var style = outer ?? own;
        if (_top is null)
        {
            edits.Replace(0, _json.Length, "{" + style.Interior(outer: null, login) + "}\n");
        }
        else if (_top.Find(LoginMember.Section) is { } empty)
        {
            edits.Replace(empty.ValueStart, empty.ValueEnd, login[0].Value);
        }
        else if (_top.Last is { } last)
        {
            edits.Insert(last.ValueEnd, "," + style.Gap + style.Members(login));
        }
        else
        {
            edits.Replace(_top.Start + 1, _top.End, style.Interior(outer: null, login));
        }
    }
}
