using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Docs;

public sealed class WarningTests
{
    [Fact]
    [FailureMode("F9")]
    public void The_readme_warns_against_copies_of_the_file()
    {
        string section = Readme.Page.Prose("Guarantees and limits");

        section.Should().Contain("Do not copy the credentials file");
        section.Should().Contain("sign in once per place");
    }

    [Fact]
    [FailureMode("F47")]
    public void The_limits_say_to_mount_the_directory()
    {
        Readme.Limits.Text.Should().Contain("Mount the directory");
    }

    [Fact]
    [FailureMode("F65")]
    public void The_handler_s_page_warns_against_a_token_in_the_default_headers()
    {
        Readme.Http.Prose("Which requests have the token")
            .Should().Contain("Do not put the token into `HttpClient.DefaultRequestHeaders.Authorization`");
    }
}
