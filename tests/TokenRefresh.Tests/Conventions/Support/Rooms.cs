using System.Text.RegularExpressions;

namespace TokenRefresh.Tests.Conventions;

/// <summary>
/// Which room may use which, as the picture in <c>docs/architecture.md</c> shows it. Public types are words that every room may use, so
/// only internal types have a direction.
/// </summary>
internal static partial class Rooms
{
    /// <summary>The rooms that each room may use beside its own; the empty name is the root's.</summary>
    internal static readonly IReadOnlyDictionary<string, string[]> Directions = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        [""] = ["Provider", "Refresh", "Endpoint"],
        ["Events"] = [],
        ["Exceptions"] = [],
        ["Diagnostics"] = [],
        ["Options"] = [],
        ["Interop"] = [],
        ["Locking"] = ["Interop"],
        ["Stores.Json"] = [],
        ["Stores"] = ["Stores.Json", "Locking", "Interop"],
        ["Record"] = [],
        ["Endpoint"] = [],

        // Of the stores only the interfaces, which are public: a store of someone else is driven alike.
        ["Refresh"] = ["Record", "Endpoint"],
        ["Provider"] = ["Refresh", "Record", "Stores", "Endpoint"],

        // The mark by which the handler knows the requests of the token client.
        ["Http"] = ["Endpoint"],
        ["DependencyInjection"] = ["Http", "Provider", "Endpoint"],
    };

    /// <summary>The rooms that every room may use.</summary>
    internal static readonly string[] ForEveryone = ["", "Events", "Exceptions", "Diagnostics", "Options"];

    /// <summary>Lists what the files use against the directions, one line each.</summary>
    public static IReadOnlyList<string> Violations(IReadOnlyList<SourceFile> files)
    {
        var publicTypes = files.SelectMany(f => f.Types).Where(t => t.IsPublic).Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var roomOf = files.SelectMany(f => f.Types, (f, t) => (t.Name, f.Room))
            .DistinctBy(t => t.Name, StringComparer.Ordinal)
            .ToDictionary(t => t.Name, t => t.Room, StringComparer.Ordinal);
        var violations = new List<string>();
        foreach (var file in files)
        {
            if (!Directions.TryGetValue(file.Room, out var allowed))
            {
                violations.Add($"{file}: '{file.Room}' is no room of docs/architecture.md");
                continue;
            }

            violations.AddRange(
                NamespacesUsed(file).Where(room => !May(file.Room, room, allowed)).Select(room => $"{file}: names the room {room}"));
            violations.AddRange(
                from name in TypesUsed(file).Where(roomOf.ContainsKey)
                let room = roomOf[name]
                where publicTypes.Contains(name) ? !MayWord(file.Room, room, name) : !May(file.Room, room, allowed)
                select $"{file}: uses {name} of {(room.Length == 0 ? "the words" : room)}");
        }

        return violations;
    }

    private static bool May(string from, string to, string[] allowed) => from == to || allowed.Contains(to) || ForEveryone.Contains(to);

    /// <summary>The handler knows tokens, their keys and where they come from, nothing else of this library.</summary>
    private static bool MayWord(string from, string to, string name) =>
        from != "Http" || to is "Http" or "Exceptions" or "Diagnostics"
        || name is nameof(ITokenProvider) or nameof(AccessToken) or nameof(DPoPKey);

    // The namespace of Endpoint holds words too; its internal types are found by their names.
    private static IEnumerable<string> NamespacesUsed(SourceFile file) =>
        QualifiedRoom().Matches(file.Code)
            .Select(m => m.Groups["room"].Value)
            .Where(room => Directions.ContainsKey(room) && room != "Endpoint")
            .Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> TypesUsed(SourceFile file) =>
        SimpleName().Matches(file.Code).Select(m => m.Value).Distinct(StringComparer.Ordinal);

    [GeneratedRegex(@"(?<![\w.])TokenRefresh\.(?<room>\w+(?:\.Json)?)", RegexOptions.None, 5000)]
    private static partial Regex QualifiedRoom();

    // A name after a dot is a member, or is qualified by a namespace, which the expression above sees. One that is assigned, matched or
    // given accessors is a member too.
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*\b(?!\s*(?:=|:(?!:)|\{\s*(?:get|set|init)\b))", RegexOptions.None, 5000)]
    private static partial Regex SimpleName();
}
