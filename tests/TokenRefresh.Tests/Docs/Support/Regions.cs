using System.Text.RegularExpressions;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>The regions of a source file that is compiled so that they are.</summary>
internal static partial class Regions
{
    internal static IReadOnlyList<string> Of(string file)
    {
        string path = Path.Combine(SourceFile.RepositoryRoot, "tests", "TokenRefresh.Tests", "Docs", file);
        return [.. Region().Matches(File.ReadAllText(path).ReplaceLineEndings("\n")).Select(match => Dedent(match.Groups["code"].Value))];
    }

    internal static string Dedent(string code)
    {
        string[] lines = code.Split('\n');
        int indent = lines.Where(line => !string.IsNullOrWhiteSpace(line)).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => string.IsNullOrWhiteSpace(line) ? "" : line[indent..]));
    }

    [GeneratedRegex(
        @"^ *#region [\w-]+\n(?<code>.*?)\n *#endregion$",
        RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        5000)]
    private static partial Regex Region();
}
