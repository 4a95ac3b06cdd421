using System.Text;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>The bytes of a credentials file and the login in them. Safe for concurrent use as long as nothing changes the bytes.</summary>
/// <remarks>
/// Changes are made in the bytes that were read: everything that belongs to other programs, from key order to number text, survives.
/// <see cref="CredentialsFileFormat.Auto"/> takes a document with a <c>claudeAiOauth</c> section for Claude Code's, even if flat members
/// stand beside it (a section is written on purpose, flat members may be left-overs); then one with tokens in <c>tokens</c>, or with
/// <c>last_refresh</c>, for that of codex; one with a flat token for flat OAuth; one with a flat token in camel case for the AWS CLI's
/// cache; any other for one that is to get Claude Code's section.
/// </remarks>
internal sealed class CredentialsDocument
{
    private readonly ReadOnlyMemory<byte> _utf8;
    private readonly int _start;

    // The objects on the path to the login, the top level first, as far as they are there.
    private readonly JsonSpans?[] _path;
    private readonly JsonSpans? _top;
    private readonly JsonSpans? _login;

    /// <summary>The format in which the document is read and written, never <see cref="CredentialsFileFormat.Auto"/>.</summary>
    internal readonly CredentialsFileFormat Format;

    /// <summary>The login, read with the document: <see langword="null"/> if there is none. The sentinel of a logout is one,
    /// <see cref="OAuthCredentials.IsSignedOut"/>.</summary>
    internal OAuthCredentials? Credentials;

    private CredentialsDocument(ReadOnlyMemory<byte> utf8, int start, CredentialsFileFormat format, bool isBlank = false)
    {
        _utf8 = utf8;
        _start = start;
        Format = format;
        _path = new JsonSpans?[format.Path.Length + 1];
        if (isBlank)
        {
            return;
        }

        int end = utf8.Length;
        for (var level = 0; ; level++)
        {
            JsonSpans owner = _path[level] = JsonSpans.Read(utf8.Span, start, end, format, level);
            if (owner.Find(CredentialsMember.Section) is not { Kind: JsonTokenType.StartObject } section)
            {
                break;
            }

            start = section.ValueStart;
            end = section.ValueEnd;
        }

        _top = _path[0];
        _login = _path[^1];
    }

    /// <summary>Gets the names of the top level's members, read anew at each call.</summary>
    internal IReadOnlyList<string> MemberNames => _top is null ? [] : CredentialsJsonReader.ReadNames(_utf8.Span, _top);

    /// <summary>Gets the object that holds nothing but the login; <see langword="null"/> if there is none.</summary>
    internal byte[]? LoginObject =>
        _login is null || Format.Path.Length == 0 ? null : _utf8.Span[_login.Start..(_login.End + 1)].ToArray();

    /// <summary>Gets the names of that object's members that the format does not name.</summary>
    internal IEnumerable<string> FurtherMembers =>
        _login is null || Format.Path.Length == 0
            ? []
            : CredentialsJsonReader.ReadNames(_utf8.Span, _login).Where(name => Array.IndexOf(Format.Names, name) < 0);

    /// <summary>Gets whether nothing in the document says that it has this format.</summary>
    private bool IsGuess { get; init; }

    private bool HasToken => (_login?.Find(CredentialsMember.AccessToken) ?? _login?.Find(CredentialsMember.RefreshToken)) is not null;

    /// <summary>Reads a whole file; nothing, or white space alone, is one without a login. Its bytes are kept, not copied.</summary>
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

    /// <summary>Makes the bytes that hold <paramref name="next"/>, which was obtained at <paramref name="refreshedAt"/> or else now, in
    /// place of the login that was read.</summary>
    /// <exception cref="ArgumentException">The access token is empty, or a text cannot be written as UTF-8.</exception>
    internal byte[] With(OAuthCredentials next, DateTimeOffset? refreshedAt = null)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (next.AccessToken.Length == 0)
        {
            throw new ArgumentException("A login without an access token is never written. Remove the login instead.", nameof(next));
        }

        byte[]? refreshed = null;
        if (Format.LastRefreshMember is not null && Credentials?.AccessToken != next.AccessToken)
        {
            refreshed = CredentialsJsonEditor.WriteTime(
                _utf8.Span,
                _path[^2]?.Find(CredentialsMember.LastRefresh),
                refreshedAt ?? TimeProvider.System.GetUtcNow(),
                Format.TimeUnit,
                model: "2000-01-01T00:00:00.000Z");
        }

        byte[]?[] changes = next.Model is null
            ? CredentialsJsonEditor.Compare(_utf8.Span, _login, Credentials, next, Format)
            : CredentialsJsonEditor.Compare(_utf8.Span, login: null, stored: null, next, Format);
        return Edit(Format.Path.Length, changes, refreshed, next.Model);
    }

    /// <summary>Makes the bytes without the login: its object, or at the top level its members, are cut out.</summary>
    internal byte[] Without()
    {
        int level = Math.Max(0, Format.Path.Length - 1);
        if (_path[level] is null)
        {
            return _utf8.ToArray();
        }

        // Only the members of the object that is edited count.
        var changes = new byte[]?[CredentialsJsonEditor.Roles];
        Array.Fill(changes, CredentialsJsonEditor.Cut);
        return Edit(level, changes);
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
        for (var level = 1; level < _path.Length && _path[level] is { } section; level++)
        {
            found += $", '{PathTo(level)}' has {List(CredentialsJsonReader.ReadNames(_utf8.Span, section))}";
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

        var google = new CredentialsDocument(utf8, start, CredentialsFileFormat.Google);
        return google._top!.Find(CredentialsMember.ExpiresAt) is null ? flat : google;
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
            return;
        }

        int level = Array.IndexOf(_path, null);
        if (_path[level - 1]!.Find(CredentialsMember.Section) is { Kind: not JsonTokenType.Null } section)
        {
            // A null is what a program may leave at a logout; anything else in the section's place is no login.
            throw CredentialsDocumentException.NoObject(_utf8.Span, $"The member '{PathTo(level)}'", section.ValueStart, section.Kind);
        }
    }

    private string PathTo(int level) => string.Join('.', Format.Path[..level]);

    // Makes the changes to the object at this level, and puts the result in its place in each object around it.
    private byte[] Edit(int level, byte[]?[] changes, byte[]? refreshed = null, byte[]? model = null)
    {
        ReadOnlySpan<byte> utf8 = _utf8.Span;
        for (; level > 0; level--)
        {
            byte[] section = Apply(level, changes, level == Format.Path.Length ? model : null);
            changes = new byte[]?[CredentialsJsonEditor.Roles];
            changes[(int)CredentialsMember.Section] = section;
            changes[(int)CredentialsMember.LastRefresh] = refreshed;
        }

        return _top is null
            ? [.. utf8[.._start], .. Apply(0, changes), (byte)'\n']
            : [.. utf8[.._top.Start], .. Apply(0, changes), .. utf8[(_top.End + 1)..]];
    }

    private byte[] Apply(int level, byte[]?[] changes, byte[]? model = null)
    {
        // A model takes the place of what a former login left.
        if (_path[level] is { } owner && model is null)
        {
            return CredentialsJsonEditor.Apply(_utf8.Span, owner, changes, Format, level);
        }

        ReadOnlySpan<byte> start = model ?? "{}"u8;
        return CredentialsJsonEditor.Apply(start, JsonSpans.Read(start, 0, start.Length, Format, level), changes, Format, level);
    }
}
