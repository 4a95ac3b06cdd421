using System.Text.RegularExpressions;
using FluentAssertions;

namespace TokenRefresh.Tests.Docs;

public sealed partial class ReadmeCodeTests
{
    private static readonly IReadOnlyList<string> Compiled = Regions.Of("Snippets.cs");

    [Fact]
    public void Every_block_of_code_is_a_compiled_snippet()
    {
        Readme.CodeBlocks.Should().NotBeEmpty().And.OnlyContain(block => Compiled.Contains(block));
    }

    [Fact]
    public void Every_compiled_snippet_is_a_block_of_code()
    {
        Compiled.Should().OnlyContain(region => Readme.CodeBlocks.Contains(region));
    }

    [Fact]
    public void The_first_example_fits_in_ten_lines()
    {
        Readme.CodeBlocks[0].Split('\n').Length.Should().BeLessThanOrEqualTo(10);
    }

    [Fact]
    public void Every_project_that_a_command_names_exists()
    {
        Projects().Should().NotBeEmpty().And.OnlyContain(project => Directory.Exists(Path.Combine(Readme.Root, project)));
    }

    [Fact]
    public void Every_link_leads_somewhere()
    {
        string[] documents =
        [
            "README.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "tests/README.md",
            .. Directory.GetFiles(Path.Combine(Readme.Root, "docs"), "*.md").Select(path => Path.GetRelativePath(Readme.Root, path)),
        ];

        var dead = from document in documents
                   from Match match in Link().Matches(File.ReadAllText(Path.Combine(Readme.Root, document)))
                   let target = match.Groups["target"].Value
                   where !target.Contains("://", StringComparison.Ordinal)
                   where !Leads(document, target)
                   select $"{document}: {target}";

        dead.Should().BeEmpty();
    }

    private static bool Leads(string document, string target)
    {
        string[] parts = target.Split('#');
        string file = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
        string path = Path.Combine(Readme.Root, file);

        // Written by the very run this test is part of; a fresh clone has it, a first run may not.
        return file == Path.Combine("docs", "failure-modes.md")
            || (File.Exists(path) && (parts.Length == 1 || Anchors(path).Contains(parts[1], StringComparer.Ordinal)));
    }

    private static IEnumerable<string> Anchors(string path) => File.ReadLines(path)
        .Where(line => line.StartsWith('#'))
        .Select(line => line.TrimStart('#').Trim().Replace(' ', '-').ToLowerInvariant());

    private static IEnumerable<string> Projects() => Project().Matches(Readme.Page.Text).Select(match => match.Groups["path"].Value);

    [GeneratedRegex(@"--project (?<path>[^\s`]+)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Project();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Link();
}
