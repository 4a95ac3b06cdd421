using System.Text.RegularExpressions;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>The README and its blocks of code.</summary>
internal static partial class Readme
{
    internal static string Root { get; } = SourceFile.RepositoryRoot;

    internal static DocumentPage Page { get; } = new("README.md");

    internal static IReadOnlyList<string> CodeBlocks { get; } = [.. Fence().Matches(Page.Text).Select(match => match.Groups["code"].Value)];

    [GeneratedRegex(
        "^```csharp\n(?<code>.*?)\n```$",
        RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        5000)]
    private static partial Regex Fence();
}
