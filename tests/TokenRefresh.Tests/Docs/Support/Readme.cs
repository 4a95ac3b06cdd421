using System.Text.RegularExpressions;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>The README as data: its sections, tables and blocks of code.</summary>
internal static partial class Readme
{
    public static string Root { get; } = SourceFile.RepositoryRoot;

    public static string Text { get; } = File.ReadAllText(Path.Combine(Root, "README.md")).ReplaceLineEndings("\n");

    public static IReadOnlyList<string> CodeBlocks { get; } = [.. Fence().Matches(Text).Select(match => match.Groups["code"].Value)];

    /// <summary>Finds the table whose first heading cells are these.</summary>
    /// <returns>The rows' cells, without back quotes.</returns>
    public static IReadOnlyList<string[]> Table(string marker, string firstHeading)
    {
        int from = Text.IndexOf(marker, StringComparison.Ordinal);
        int start = from < 0 ? -1 : Text.IndexOf($"| {firstHeading} |", from, StringComparison.Ordinal);
        if (start < 0)
        {
            throw new InvalidOperationException($"The README has no table '{firstHeading}' after '{marker}'.");
        }

        return [.. Text[start..].Split('\n').TakeWhile(line => line.StartsWith('|')).Skip(2).Select(Cells)];
    }

    /// <summary>Gets a section's text, up to the next heading of the same rank.</summary>
    public static string Section(string title)
    {
        int start = Text.IndexOf($"\n## {title}\n", StringComparison.Ordinal);
        int end = start < 0 ? -1 : Text.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        return start < 0
            ? throw new InvalidOperationException($"The README has no section '{title}'.")
            : Text[start..(end < 0 ? Text.Length : end)];
    }

    private static string[] Cells(string row) =>
        [.. row.Trim('|').Split('|').Select(cell => cell.Trim().Replace("`", "", StringComparison.Ordinal))];

    [GeneratedRegex("^```csharp\n(?<code>.*?)\n```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Fence();
}
