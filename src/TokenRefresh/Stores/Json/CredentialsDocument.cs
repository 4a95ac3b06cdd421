using System.Text;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>The bytes of a credentials file and the login in them. Safe for concurrent use as long as nothing changes the bytes.</summary>
/// <remarks>
/// Changes are made in the bytes that were read: everything that belongs to other programs, from key order to number text, survives.
/// <see cref="CredentialsFileFormat.Auto"/> takes a document with a <c>claudeAiOauth</c> section for Claude Code's, even if flat members
/// stand beside it (a section is written on purpose, flat members may be left-overs); then one with tokens in <c>tokens</c>, or with
/// <c>last_refresh</c>, for that of codex; one with a flat token for flat OAuth; any other for one that is to get Claude Code's section.
/// </remarks>
internal sealed class CredentialsDocument
{
    private readonly ReadOnlyMemory<byte> _utf8;
    private readonly int _start;
    private readonly JsonSpans? _top;
    private readonly JsonSpans? _login;

    private CredentialsDocument(ReadOnlyMemory<byte> utf8, int start, CredentialsFileFormat format, bool isBlank = false)
    {
        _utf8 = utf8;
        _start = start;
        Format = format;
        if (isBlank)
        {
            return;
        }

        string?[] names = format.Names;
        bool isFlat = names[(int)CredentialsMember.Section] is null;
        _top = JsonSpans.Read(utf8.Span, start, utf8.Length, names, isLogin: isFlat);
        if (isFlat)
        {
            _login = _top;
        }
        else if (_top.Find(CredentialsMember.Section) is { Kind: JsonTokenType.StartObject } section)
        {
            _login = JsonSpans.Read(utf8.Span, section.ValueStart, section.ValueEnd, names, isLogin: true);
        }
    }

    /// <summary>Gets the login.</summary>
    /// <value><see langword="null"/> if there is none. The sentinel of a logout is one, <see cref="OAuthCredentials.IsSignedOut"/>.</value>
    internal OAuthCredentials? Credentials { get; private set; }

    /// <summary>Gets the format in which the document is read and written, never <see cref="CredentialsFileFormat.Auto"/>.</summary>
    internal CredentialsFileFormat Format { get; }

    /// <summary>Gets the names of the top level's members, read anew at each call.</summary>
    internal IReadOnlyList<string> MemberNames => _top is null ? [] : CredentialsJsonReader.ReadNames(_utf8.Span, _top);

    /// <summary>Gets whether nothing in the document says that it has this format.</summary>
    private bool IsGuess { get; init; }

    private bool HasToken => (_login?.Find(CredentialsMember.AccessToken) ?? _login?.Find(CredentialsMember.RefreshToken)) is not null;

    /// <summary>Reads a document. Its bytes are kept, not copied.</summary>
    /// <param name="utf8">The whole file. Nothing, or white space alone, is a document without a login.</param>
    /// <param name="format">The format.</param>
    /// <exception cref="CredentialsDocumentException">
    /// The bytes are no JSON object, or the section, a token or the expiry is of a wrong type.
    /// </exception>
    internal static CredentialsDocument Parse(ReadOnlyMemory<byte> utf8, CredentialsFileFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        int start = utf8.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
        ReadOnlySpan<byte> json = utf8.Span[start..];
        if (json.IsEmpty || (json[0] != (byte)'{' && json.IndexOfAnyExcept(" \t\r\n"u8) < 0))
        {
            return new(utf8, start, format == CredentialsFileFormat.Auto ? CredentialsFileFormat.ClaudeCode : format, isBlank: true);
        }

        try
        {
            CredentialsDocument document =
                format == CredentialsFileFormat.Auto ? Recognize(utf8, start)
                : format == CredentialsFileFormat.FlatOAuth ? ParseFlat(utf8, start)
                : new(utf8, start, format);
            document.ReadLogin();
            return document;
        }
        catch (JsonException e)
        {
            throw CredentialsDocumentException.InvalidJson(json, e);
        }
    }

    /// <summary>Makes the bytes that hold <paramref name="next"/> in place of the login that was read.</summary>
    /// <param name="next">The login.</param>
    /// <param name="refreshedAt">When its tokens were obtained, for a format that keeps it; now if not given.</param>
    /// <exception cref="ArgumentException">The access token is empty, or a text cannot be written as UTF-8.</exception>
    internal byte[] With(OAuthCredentials next, DateTimeOffset? refreshedAt = null)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (next.AccessToken.Length == 0)
        {
            throw new ArgumentException("A login without an access token is never written. Remove the login instead.", nameof(next));
        }

        string?[] names = Format.Names;
        byte[]?[] changes = CredentialsJsonEditor.Compare(_utf8.Span, _login, Credentials, next, Format);
        if (names[(int)CredentialsMember.Section] is not null)
        {
            byte[] section = _login is null ? ApplyToEmpty(changes) : CredentialsJsonEditor.Apply(_utf8.Span, _login, changes, names);
            changes = new byte[]?[names.Length];
            changes[(int)CredentialsMember.Section] = section;
            if (names[(int)CredentialsMember.LastRefresh] is not null && Credentials?.AccessToken != next.AccessToken)
            {
                DateTimeOffset at = refreshedAt ?? TimeProvider.System.GetUtcNow();
                changes[(int)CredentialsMember.LastRefresh] = CredentialsJsonEditor.WriteTime(
                    _utf8.Span, _top?.Find(CredentialsMember.LastRefresh), at, Format.TimeUnit, model: "2000-01-01T00:00:00.000Z");
            }
        }

        return Edit(changes);
    }

    /// <summary>Makes the bytes without the login: the section, or the login's own members, are cut out.</summary>
    internal byte[] Without()
    {
        if (_top is null)
        {
            return _utf8.ToArray();
        }

        // Only the members of the object that is edited count.
        var changes = new byte[]?[Format.Names.Length];
        Array.Fill(changes, CredentialsJsonEditor.Cut);
        return Edit(changes);
    }

    /// <summary>Says which members were looked for and which are there, by their names alone, where a document holds no login.</summary>
    /// <returns>Whole sentences; <see langword="null"/> if there is a login, or nothing at all.</returns>
    internal string? DescribeMissingLogin()
    {
        if (Credentials is not null || _top is null || _top.Count == 0)
        {
            return null;
        }

        CredentialsFileFormat[] formats = IsGuess
            ? [CredentialsFileFormat.ClaudeCode, CredentialsFileFormat.Codex, CredentialsFileFormat.FlatOAuth]
            : [Format];
        string looked = string.Join("' or '", formats.Select(f => CredentialsJsonReader.PathOf(f, CredentialsMember.AccessToken)));
        string found = $"its top level has {List(MemberNames)}";
        if (_login is not null && _login != _top)
        {
            found += $", '{Format.Section}' has {List(CredentialsJsonReader.ReadNames(_utf8.Span, _login))}";
        }

        return $"There is no member '{looked}'; {found}. If the login is there under other names, say so with 'FileFormat'.";
    }

    private static CredentialsDocument Recognize(ReadOnlyMemory<byte> utf8, int start)
    {
        var claudeCode = new CredentialsDocument(utf8, start, CredentialsFileFormat.ClaudeCode);
        if (claudeCode._top!.Find(CredentialsMember.Section) is { Kind: not JsonTokenType.Null })
        {
            return claudeCode;
        }

        var codex = new CredentialsDocument(utf8, start, CredentialsFileFormat.Codex);
        if (codex.HasToken || codex._top!.Find(CredentialsMember.LastRefresh) is not null)
        {
            return codex;
        }

        CredentialsDocument flat = ParseFlat(utf8, start);
        return flat.HasToken ? flat : new(utf8, start, CredentialsFileFormat.ClaudeCode) { IsGuess = true };
    }

    private static CredentialsDocument ParseFlat(ReadOnlyMemory<byte> utf8, int start)
    {
        var flat = new CredentialsDocument(utf8, start, CredentialsFileFormat.FlatOAuth);
        if (flat._top!.Find(CredentialsMember.ExpiresAt) is not null)
        {
            return flat;
        }

        var withExpiryDate = new CredentialsDocument(utf8, start, CredentialsFileFormat.FlatOAuthWithExpiryDate);
        return withExpiryDate._top!.Find(CredentialsMember.ExpiresAt) is null ? flat : withExpiryDate;
    }

    /// <summary>Lists names as they may stand in a message: of a bounded number and length, without control characters.</summary>
    private static string List(IReadOnlyList<string> names)
    {
        const int MaxNames = 12;
        const int MaxLength = 40;
        var list = new StringBuilder();
        for (int i = 0; i < names.Count && i < MaxNames; i++)
        {
            string name = names[i].Length > MaxLength ? names[i][..MaxLength] + "…" : names[i];
            list.Append(i == 0 ? "'" : ", '").Append([.. name.Select(c => char.IsControl(c) ? '?' : c)]).Append('\'');
        }

        return names.Count == 0 ? "none" : names.Count > MaxNames ? $"{list} and {names.Count - MaxNames} more" : list.ToString();
    }

    private void ReadLogin()
    {
        if (_login is not null)
        {
            Credentials = CredentialsJsonReader.Read(_utf8.Span, _login, Format);
        }
        else if (_top!.Find(CredentialsMember.Section) is { Kind: not JsonTokenType.Null } section)
        {
            // A null is what a program may leave at a logout; anything else in the section's place is no login.
            throw CredentialsDocumentException.NoObject(_utf8.Span, $"The member '{Format.Section}'", section.ValueStart, section.Kind);
        }
    }

    private byte[] Edit(byte[]?[] changes)
    {
        ReadOnlySpan<byte> utf8 = _utf8.Span;
        if (_top is null)
        {
            return [.. utf8[.._start], .. ApplyToEmpty(changes), (byte)'\n'];
        }

        return [.. utf8[.._top.Start], .. CredentialsJsonEditor.Apply(utf8, _top, changes, Format.Names), .. utf8[(_top.End + 1)..]];
    }

    private byte[] ApplyToEmpty(byte[]?[] changes) =>
        CredentialsJsonEditor.Apply("{}"u8, JsonSpans.Read("{}"u8, 0, 2, Format.Names, isLogin: true), changes, Format.Names);
}
