using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace TokenRefresh.Tests.Credentials;

/// <summary>Makes documents as any program might have left them: any order, layout, escapes, duplicates, and unknown and misplaced members.
/// A failing one is made smaller by taking away what is not the login's.</summary>
public static class Documents
{
    private static readonly CredentialsFileFormat[] Formats =
    [
        CredentialsFileFormat.ClaudeCode, CredentialsFileFormat.Codex, CredentialsFileFormat.FlatOAuth, CredentialsFileFormat.Google,
        CredentialsFileFormat.AwsSso,
        new() { Section = ["lögin"], AccessTokenMember = "token", ScopesMember = "scopes", TimeUnit = CredentialsTimeUnit.Iso8601 },
        new()
        {
            Section = ["mcpOAuth", "issues.v2/tracker|3f1c"],
            AccessTokenMember = "accessToken",
            RefreshTokenMember = "refreshToken",
            ExpiresAtMember = "expiresAt",
            ScopesMember = "scope",
            TimeUnit = CredentialsTimeUnit.Milliseconds,
        },
        new() { Section = ["a", "a", "a"], AccessTokenMember = "a", RefreshTokenMember = "b", ExpiresAtMember = null, IdTokenMember = "c" },
    ];

    private static readonly DPoPKey Key = DPoPKey.Create();

    // What other programs call their members: much of it is a login's name in another place, or nearly one.
    private static readonly string[] Names =
    [
        "x", "", "ü", "\"", "a", "A", "access_token", "accessToken", "accesstoken", "refresh_token", "expires_at", "expiresAt",
        "claudeAiOauth", "tokens", "mcpOAuth", "issues.v2/tracker", "last_refresh", "lögin", "id_token ",
    ];

    private static readonly Gen<string> Blanks = Gen.Frequency((6, Gen.Constant("")), (2, Gen.Elements(" ", "\n  ", "\t", "\r\n", "\n")));

    private static readonly Gen<JsonText> Leaves = Gen.Elements(
        "0", "-0", "1.50", "1787613382524.616", "1E+2", "12345678901234567890123", "true", "false", "null", "{}", "[]", "[ ]",
        "\"\"", "\"at-1\"", "\"{[\\\"\\\\,:]}\"", "\"\\ud83d\\ude00 \\/ ü\"", "\"\\u0061ccess_token\"").Select(text => new JsonText(text));

    private static readonly Gen<DateTimeOffset> Moments =
        from seconds in Gen.Choose(1_000_000_000, int.MaxValue)
        from ticks in Gen.Choose(0, (int)TimeSpan.TicksPerSecond - 1)
        select DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(ticks);

    private static readonly Gen<DateTimeOffset?> PerhapsMoments =
        Gen.Frequency((4, Moments.Select(at => (DateTimeOffset?)at)), (1, Gen.Constant<DateTimeOffset?>(null)));

    /// <summary>Gets the documents, for FsCheck to find.</summary>
    public static Arbitrary<GivenDocument> All { get; } = Arb.From(
        from format in Gen.Elements(Formats)
        from start in Gen.Elements("", "", "", "\uFEFF", " \n", "\uFEFF\n")
        from top in ObjectOf(format, level: 0)
        from end in Gen.Elements("", "\n", "\r\n", "    ")
        from next in NextTokens
        from at in Moments
        select new GivenDocument(format, start, top, end, next, at),
        Smaller);

    private static Gen<JsonText> ObjectOf(CredentialsFileFormat format, int level)
    {
        var isLogin = level == format.Section.Count;
        string?[] own = isLogin
            ? [.. format.Names, format.ExpiresAtMember == "expires_at" ? "expiry_date" : null]
            : [format.Section[level], format.LastRefreshMember];
        return from members in isLogin ? MembersOf(format) : SectionsOf(format, level)
               from foreign in EntriesOf(Names.Except(own).ToArray()!, depth: 2)
               from shuffled in Gen.Shuffle(members.Concat(foreign).ToArray())
               select new JsonText("{}", LastCounts(shuffled, members));
    }

    // Of a role's duplicates the last one counts, and that is the one whose value was made for it.
    private static JsonEntry[] LastCounts(JsonEntry[] shuffled, IReadOnlyList<JsonEntry> members)
    {
        var inOrder = members.ToLookup(entry => entry.Role);
        var seen = new Dictionary<CredentialsMember, int>();
        return [.. shuffled.Select(entry => entry.Role is { } role ? inOrder[role].ElementAt(Next(role)) : entry)];

        int Next(CredentialsMember role) => seen[role] = seen.TryGetValue(role, out var index) ? index + 1 : 0;
    }

    private static Gen<IReadOnlyList<JsonEntry>> SectionsOf(CredentialsFileFormat format, int level) =>
        from decoys in Gen.Frequency((9, Gen.Constant(0)), (1, Gen.Constant(1)))
        from former in EntryOf(format.Section[level], CredentialsMember.Section, ValueOf(2))
        from section in Gen.Frequency(
            (9, ObjectOf(format, level + 1).Select(json => new[] { json })),
            (1, Gen.Elements<JsonText[]>([], [new JsonText("null")])))
        from entries in Gen.CollectToArray(section, json => EntryOf(format.Section[level], CredentialsMember.Section, Gen.Constant(json)))
        from refreshed in format.LastRefreshMember is { } name
            ? RoleOf(name, CredentialsMember.LastRefresh, Time(isIso: true))
            : Gen.Constant<JsonEntry[]>([])
        select (IReadOnlyList<JsonEntry>)[.. entries.Length > 0 ? Enumerable.Repeat(former, decoys) : [], .. entries, .. refreshed];

    private static Gen<IReadOnlyList<JsonEntry>> MembersOf(CredentialsFileFormat format) =>
        Gen.CollectToArray(
            Enumerable.Range(0, format.Names.Length).Where(role => format.Names[role] is not null),
            role => RoleOf(format.Names[role]!, (CredentialsMember)role, ValueOf((CredentialsMember)role)))
        .Select(entries => (IReadOnlyList<JsonEntry>)[.. entries.SelectMany(entry => entry)]);

    private static Gen<(JsonText Json, Func<DateTimeOffset, string>? Write)> ValueOf(CredentialsMember role) => role switch
    {
        CredentialsMember.AccessToken => Plain("\"at-1\"", "\"\\u0061t-1\"", "\"\"", "null"),
        CredentialsMember.RefreshToken => Plain("\"rt-1\"", "\"rt\\u002d1\"", "\"\"", "null"),
        CredentialsMember.ExpiresAt => Gen.Frequency((8, Time(isIso: false)), (1, Plain("null", "0", "\"\"", "0.0"))),
        CredentialsMember.RefreshTokenExpiresAt =>
            Gen.Frequency((8, Time(isIso: false)), (1, Plain("null", "0", "\"soon\"", "true", "{}"))),
        CredentialsMember.Scopes => Plain("\"s:1  s:2\"", "[\"s:1\", \"s:2\"]", "[]", "null", "[1]", "7", "{}"),
        CredentialsMember.DPoPKey => Plain("null", Key.ExportJwk(), "{ \"kid\":[1]," + Key.ExportJwk()[1..]),
        _ => Plain("\"one\"", "\"tw\\u006f\"", "null", "[1]", "7", "{}"),
    };

    private static Gen<(JsonText Json, Func<DateTimeOffset, string>? Write)> Plain(params string[] texts) =>
        Gen.Elements(texts).Select(text => (new JsonText(text), (Func<DateTimeOffset, string>?)null));

    private static Gen<(JsonText Json, Func<DateTimeOffset, string>? Write)> Time(bool isIso) =>
        from style in Gen.Elements(WrittenTime.Styles.Where(style => !isIso || style.Stored(DateTimeOffset.UnixEpoch).Contains('-')))
        from at in Moments
        select (new JsonText(style.Stored(at)), (Func<DateTimeOffset, string>?)style.Next);

    private static Gen<JsonEntry[]> RoleOf(
        string name, CredentialsMember role, Gen<(JsonText Json, Func<DateTimeOffset, string>? Write)> values) =>
        from value in values
        from entry in EntryOf(name, role, Gen.Constant(value.Json))
        from former in EntryOf(name, role, ValueOf(1))
        from count in Gen.Frequency((8, Gen.Constant(1)), (2, Gen.Constant(0)), (1, Gen.Constant(2)))
        select new[] { former, entry with { WriteTime = value.Write } }[(2 - count)..];

    private static Gen<JsonEntry> EntryOf(string? name, CredentialsMember? role, Gen<JsonText> values) =>
        from before in Blanks
        from written in name is null ? Gen.Constant<string?>(null) : Quoted(name)
        from colon in Gen.Elements(":", ": ", " :\n")
        from value in values
        from after in Blanks
        select new JsonEntry(before, written, colon, value, after) { Role = role };

    private static Gen<JsonEntry[]> EntriesOf(string[] names, int depth) =>
        from chosen in Gen.Choose(0, 4).SelectMany(count => Gen.ArrayOf(Gen.Elements(names), count))
        from entries in Gen.CollectToArray(chosen, name => EntryOf(name, role: null, ValueOf(depth)))
        select entries;

    private static Gen<JsonText> ValueOf(int depth) =>
        depth == 0
            ? Leaves
            : Gen.Frequency(
                (5, Leaves),
                (2, EntriesOf(Names, depth - 1).Select(entries => new JsonText("{}", entries))),
                (1, Gen.ArrayOf(EntryOf(null, null, ValueOf(depth - 1)), 2).Select(entries => new JsonText("[]", entries))));

    // With a few of the characters as escapes, as any writer may choose.
    private static Gen<string?> Quoted(string name) =>
        from escaped in Gen.Frequency((9, Gen.Constant(-1)), (1, Gen.Choose(0, Math.Max(0, name.Length - 1))))
        let text = JsonSerializer.Serialize(name, DocumentJson.Relaxed)
        select escaped >= 0 && escaped < name.Length && char.IsAsciiLetter(name[escaped])
            ? $"\"{name[..escaped]}\\u{(int)name[escaped]:x4}{name[(escaped + 1)..]}\""
            : text;

    private static Gen<OAuthCredentials> NextTokens =>
        from isRotated in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
        from expiresAt in PerhapsMoments
        from until in PerhapsMoments
        from scopes in Gen.Elements<string[]?>(null, ["n:1"], ["n:1", "n:2"])
        from tokenType in Gen.Elements<string?>(null, "n-type")
        from idToken in Gen.Elements<string?>(null, "n.id.token")
        from key in Gen.Elements<DPoPKey?>(null, Key)
        select new OAuthCredentials("at-2+/é", isRotated ? "rt-2\"\\" : "rt-1", expiresAt)
        {
            RefreshTokenExpiresAt = until,
            Scopes = scopes,
            TokenType = tokenType,
            IdToken = idToken,
            DPoPKey = key,
            ContinuesLogin = true,
        };

    private static IEnumerable<GivenDocument> Smaller(GivenDocument given)
    {
        if (given.Start.Length + given.End.Length > 0)
        {
            yield return given with { Start = "", End = "" };
        }

        foreach (var top in Smaller(given.Top))
        {
            yield return given with { Top = top };
        }
    }

    private static IEnumerable<JsonText> Smaller(JsonText json)
    {
        if (json.Entries is null)
        {
            yield break;
        }

        for (var i = 0; i < json.Entries.Count; i++)
        {
            var entry = json.Entries[i];
            if (entry.Role is null)
            {
                yield return json with { Entries = [.. json.Entries.Take(i), .. json.Entries.Skip(i + 1)] };
            }

            if (entry is not { Before: "", Colon: ":", After: "" })
            {
                yield return With(i, entry with { Before = "", Colon = ":", After = "" });
            }

            foreach (var value in Smaller(entry.Value))
            {
                yield return With(i, entry with { Value = value });
            }
        }

        JsonText With(int index, JsonEntry entry) =>
            json with { Entries = [.. json.Entries.Take(index), entry, .. json.Entries.Skip(index + 1)] };
    }
}
