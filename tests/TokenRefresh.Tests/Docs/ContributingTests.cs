using System.Text.RegularExpressions;
using FluentAssertions;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>The commands of CONTRIBUTING.md and tests/fast run something: a filter that matches nothing would pass unseen.</summary>
public sealed partial class ContributingTests
{
    private static readonly DocumentPage Page = new("CONTRIBUTING.md");

    [Theory]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("tests/fast")]
    public void Each_filter_of_a_test_matches_one(string file)
    {
        string code = string.Concat(SourceFile.Below("tests").Select(source => source.Code));
        var names = Filter().Matches(new DocumentPage(file).Text).Select(match => match.Groups["name"].Value);

        names.Should().HaveCountGreaterThan(4)
            .And.OnlyContain(name => Regex.IsMatch(code, $@"(?:class|Task|void|namespace) {name.Replace("*", @"\w*")}\b"));
    }

    [Fact]
    public void Each_script_it_names_is_there()
    {
        Script().Matches(Page.Text).Select(match => match.Groups["path"].Value)
            .Should().NotBeEmpty().And.OnlyContain(path => File.Exists(Path.Combine(SourceFile.RepositoryRoot, path)));
    }

    [GeneratedRegex(@"-(?:class|method|namespace)-? ""?(?:\*\.?)?(?<name>[\w.*]+)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Filter();

    [GeneratedRegex(@"(?:bash|dotnet run) (?<path>[\w./-]+)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Script();
}
