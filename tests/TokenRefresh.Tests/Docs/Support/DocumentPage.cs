using System.Text.RegularExpressions;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>A page of the documentation as data: its sections and tables.</summary>
internal sealed partial class DocumentPage(string path)
{
    internal string Text { get; } = File.ReadAllText(Path.Combine(SourceFile.RepositoryRoot, path)).ReplaceLineEndings("\n");

    /// <summary>Gets the blocks of C#.</summary>
    internal IReadOnlyList<string> CodeBlocks => [.. Fence().Matches(Text).Select(match => match.Groups["code"].Value)];

    /// <summary>Finds the table behind a text whose first heading cell is this.</summary>
    /// <param name="marker">The text.</param>
    /// <param name="firstHeading">The heading cell.</param>
    /// <param name="keepsQuotes">Whether the cells keep their back quotes.</param>
    /// <returns>The rows' cells.</returns>
    internal IReadOnlyList<string[]> Table(string marker, string firstHeading, bool keepsQuotes = false)
    {
        int from = Text.IndexOf(marker, StringComparison.Ordinal);
        int start = from < 0 ? -1 : Text.IndexOf($"| {firstHeading} |", from, StringComparison.Ordinal);
        if (start < 0)
        {
            throw new InvalidOperationException($"'{path}' has no table '{firstHeading}' after '{marker}'.");
        }

        return [.. Text[start..].Split('\n').TakeWhile(line => line.StartsWith('|')).Skip(2).Select(row => Cells(row, keepsQuotes))];
    }

    /// <summary>Gets a section's text, up to the next heading of the same rank.</summary>
    internal string Section(string title)
    {
        int start = Text.IndexOf($"\n## {title}\n", StringComparison.Ordinal);
        int end = start < 0 ? -1 : Text.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        if (start < 0)
        {
            throw new InvalidOperationException($"'{path}' has no section '{title}'.");
        }

        return Text[start..(end < 0 ? Text.Length : end)];
    }

    /// <summary>Gets a section's text with its lines joined, so that it does not matter where they are wrapped.</summary>
    internal string Prose(string title) => string.Join(' ', Section(title).Split('\n', StringSplitOptions.TrimEntries));

    // Without the first and the last bar, so that an empty last cell stays one.
    private static string[] Cells(string row, bool keepsQuotes) =>
        [.. row[1..^1].Split('|').Select(cell => keepsQuotes ? cell.Trim() : cell.Trim().Replace("`", "", StringComparison.Ordinal))];

    [GeneratedRegex(
        "^```csharp\n(?<code>.*?)\n```$",
        RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        5000)]
    private static partial Regex Fence();
}
