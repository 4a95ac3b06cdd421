using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Docs;

public sealed class ReadmeWarningTests
{
    [Fact]
    [FailureMode("F9")]
    public void The_readme_warns_against_copies_of_the_file()
    {
        string section = Readme.Page.Prose("What it does not guarantee");

        section.Should().Contain("Do not copy the credentials file");
        section.Should().Contain("sign in once per place");
    }

    [Fact]
    [FailureMode("F47")]
    public void The_readme_says_to_mount_the_directory()
    {
        Readme.Page.Prose("What it does not guarantee").Should().Contain("Mount the directory");
    }

    [Fact]
    [FailureMode("F65")]
    public void The_readme_warns_against_a_token_in_the_default_headers()
    {
        Readme.Page.Prose("Where the handler goes")
            .Should().Contain("Do not put the token into `HttpClient.DefaultRequestHeaders.Authorization`");
    }
}
