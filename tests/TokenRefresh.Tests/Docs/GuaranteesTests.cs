using System.Text.RegularExpressions;
using FluentAssertions;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>docs/guarantees.md promises nothing without a test that shows it.</summary>
public sealed partial class GuaranteesTests
{
    private static readonly string Page = File.ReadAllText(
        Path.Combine(SourceFile.RepositoryRoot, "docs", "guarantees.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Each_guarantee_names_the_tests_that_show_it()
    {
        string[] sections = Page.Split("\n### ")[1..];

        sections.Should().HaveCountGreaterThan(10);
        sections.Where(section => !section.Contains("\n* Shown by: `", StringComparison.Ordinal))
            .Select(section => section.Split('\n')[0])
            .Should().BeEmpty();
    }

    [Fact]
    public void Each_test_it_names_exists()
    {
        HashSet<string> tests =
            [.. SourceFile.Below("tests").SelectMany(file => TestMethod().Matches(file.Code)).Select(match => match.Groups["name"].Value)];
        string[] named =
            [.. ShownBy().Matches(Page).SelectMany(list => Quoted().Matches(list.Value)).Select(match => match.Groups["name"].Value)];

        named.Should().OnlyHaveUniqueItems().And.HaveCountGreaterThan(30);
        named.Except(tests).Should().BeEmpty();
    }

    // The item of the list, up to the empty line behind it.
    [GeneratedRegex(@"^\* Shown by:(?:.|\n(?!\n))+", RegexOptions.Multiline, 5000)]
    private static partial Regex ShownBy();

    [GeneratedRegex(@"\bpublic\s+(?:async\s+)?(?:Task|void)\s+(?<name>\w+)\(", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex TestMethod();

    [GeneratedRegex("`(?<name>\\w+)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Quoted();
}
