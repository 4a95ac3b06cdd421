using System.Text;
using System.Text.Json;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Tests.Credentials;

/// <summary>A document as some program left it, the login that a refresh brings, and what the two are to become.</summary>
public sealed record GivenDocument(
    CredentialsFileFormat Format, string Start, JsonText Top, string End, OAuthCredentials Next, DateTimeOffset RefreshedAt)
{
    private const int Roles = (int)CredentialsMember.LastRefresh + 1;

    public string Text => Start + Top + End;

    public ReadOnlyMemory<byte> Bytes => Encoding.UTF8.GetBytes(Text);

    // The objects that lead to the login, as far as they are there.
    private IReadOnlyList<JsonText?> Path
    {
        get
        {
            var path = new List<JsonText?> { Top };
            foreach (var _ in Format.Section)
            {
                var section = path[^1] is { } owner ? Last(owner, CredentialsMember.Section)?.Value : null;
                path.Add(section?.Entries is null ? null : section);
            }

            return path;
        }
    }

    internal CredentialsDocument Parse() => CredentialsDocument.Parse(Bytes, Format);

    /// <summary>Writes the document as a save is to leave it.</summary>
    public string Saved()
    {
        var path = Path;
        var changes = ChangesOf(path[^1]);
        for (var level = Format.Section.Count; level > 0; level--)
        {
            var login = Apply(path[level], level, changes);
            changes = new string?[Roles];
            changes[(int)CredentialsMember.Section] = login;
            if (Format.LastRefreshMember is not null)
            {
                var stored = path[level - 1] is { } owner ? Last(owner, CredentialsMember.LastRefresh) : null;
                changes[(int)CredentialsMember.LastRefresh] =
                    stored?.WriteTime?.Invoke(RefreshedAt) ?? $"\"{WrittenTime.Iso(RefreshedAt, 'T', 3, "Z")}\"";
            }
        }

        return Start + Apply(Top, 0, changes) + End;
    }

    /// <summary>Writes the document as a removal is to leave it.</summary>
    public string Removed()
    {
        var level = Math.Max(0, Format.Section.Count - 1);
        var text = Path[level]!.ToString([], entry => entry.Role is not null);
        while (level-- > 0)
        {
            var changes = new string?[Roles];
            changes[(int)CredentialsMember.Section] = text;
            text = Apply(Path[level], level, changes);
        }

        return Start + text + End;
    }

    public override string ToString() => $"{string.Join('/', Format.Section)} of: {Text}\nnext: {Next}, saved: {Saved()}";

    private static JsonEntry? Last(JsonText owner, CredentialsMember role) => owner.Entries!.LastOrDefault(entry => entry.Role == role);

    private static string Quote(string text) => JsonSerializer.Serialize(text, DocumentJson.Relaxed);

    // By role; null leaves the member alone, and an empty text cuts it.
    private string?[] ChangesOf(JsonText? login)
    {
        var stored = (CredentialsMember role) => login is null ? null : Last(login, role);
        var text = (CredentialsMember role) =>
            stored(role)?.Value.Text is ['"', ..] quoted ? JsonSerializer.Deserialize<string>(quoted) : null;
        var hasLogin = text(CredentialsMember.AccessToken) is not null || text(CredentialsMember.RefreshToken) is not null;
        var former = text(CredentialsMember.RefreshToken) is { Length: > 0 } token ? token : null;
        var changes = new string?[Roles];
        Set(CredentialsMember.AccessToken, Quote(Next.AccessToken));
        Set(CredentialsMember.RefreshToken, former == Next.RefreshToken ? null : Quote(Next.RefreshToken!));
        var expiry = stored(CredentialsMember.ExpiresAt)?.Value.Text;
        Set(
            CredentialsMember.ExpiresAt,
            Next.ExpiresAt is { } at ? Time(CredentialsMember.ExpiresAt, at) : expiry is null or "null" && hasLogin ? null : "null");
        Set(
            CredentialsMember.RefreshTokenExpiresAt,
            Next.RefreshTokenExpiresAt is { } until ? Time(CredentialsMember.RefreshTokenExpiresAt, until)
                : hasLogin && former == Next.RefreshToken ? null : "");
        if (Next.Scopes is not null)
        {
            var list = $"[{string.Join(',', Next.Scopes.Select(Quote))}]";
            var line = Quote(string.Join(' ', Next.Scopes));
            Set(CredentialsMember.Scopes, stored(CredentialsMember.Scopes)?.Value switch
            {
                null or { Text: "null" } => Format.ScopesMember == "scope" ? line : list,
                { Text: ['"', ..] } => line,
                { Text: ['[', ']' or '"', ..] } => list,
                _ => null,
            });
        }

        var mayType = IsTextOrAbsent(CredentialsMember.TokenType) && (!Format.WritesTypeOfBoundOnly || Next.DPoPKey is not null);
        Set(CredentialsMember.TokenType, Next.TokenType is null || !mayType ? null : Quote(Next.TokenType));
        var mayRenew = stored(CredentialsMember.IdToken) is not null && IsTextOrAbsent(CredentialsMember.IdToken);
        Set(CredentialsMember.IdToken, Next.IdToken is null || !mayRenew ? null : Quote(Next.IdToken));
        return changes;

        void Set(CredentialsMember role, string? value) => changes[(int)role] = Format.Names[(int)role] is null ? null : value;

        string Time(CredentialsMember role, DateTimeOffset time) =>
            stored(role)?.WriteTime?.Invoke(time) ?? WrittenTime.New(time, Format.TimeUnit);

        bool IsTextOrAbsent(CredentialsMember role) => stored(role)?.Value.Text is null or "null" or ['"', ..];
    }

    private string Apply(JsonText? owner, int level, string?[] changes)
    {
        owner ??= new JsonText("{}", []);
        var entries = owner.Entries!
            .Select(entry => entry.Role is { } role
                && ReferenceEquals(entry, Last(owner, role))
                && changes[(int)role] is { Length: > 0 } value
                    ? entry with { Value = new JsonText(value) }
                    : entry)
            .ToList();
        var inserted = Enumerable.Range(0, Roles)
            .Where(role => changes[role] is { Length: > 0 } && Last(owner, (CredentialsMember)role) is null)
            .Select(role => $"{Quote(NameOf((CredentialsMember)role, level))}:{changes[role]}")
            .ToList();
        return new JsonText("{}", entries).ToString(inserted, entry => entry.Role is { } role && changes[(int)role] is "");
    }

    private string NameOf(CredentialsMember role, int level) => role switch
    {
        CredentialsMember.Section => Format.Section[level],
        CredentialsMember.LastRefresh => Format.LastRefreshMember!,
        _ => Format.Names[(int)role]!,
    };
}
