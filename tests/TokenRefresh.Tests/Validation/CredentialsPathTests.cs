using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Validation;

public sealed class CredentialsPathTests
{
    private static readonly string HomeDirectory = Path.Combine(Path.GetTempPath(), "home");

    [Fact]
    public void A_tilde_is_the_user_s_home()
    {
        CredentialsPath.Resolve("~", HomeDirectory).Should().Be(HomeDirectory);
        CredentialsPath.Resolve("~/.claude/.credentials.json", HomeDirectory)
            .Should().Be(Path.Combine(HomeDirectory, ".claude", ".credentials.json"));
        CredentialsPath.Resolve("~/.credentials.json")
            .Should().Be(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".credentials.json"));
    }

    [Fact]
    [FailureMode("F6")]
    public void A_relative_path_and_one_with_dots_become_the_same_full_path()
    {
        var full = Path.Combine(Environment.CurrentDirectory, ".credentials.json");

        CredentialsPath.Resolve(".credentials.json").Should().Be(full);
        CredentialsPath.Resolve(Path.Combine(".", "a", "..", ".credentials.json")).Should().Be(full);
        CredentialsPath.Resolve(full).Should().Be(full);
    }

    [Fact]
    public void A_tilde_elsewhere_is_a_character_like_any_other()
    {
        CredentialsPath.Resolve("./~bob/x").Should().Be(Path.Combine(Environment.CurrentDirectory, "~bob", "x"));
        CredentialsPath.Resolve("a~").Should().Be(Path.Combine(Environment.CurrentDirectory, "a~"));
    }

    [Fact]
    public void Another_user_s_home_is_refused_rather_than_made_a_directory_of_that_name()
    {
        Action resolve = () => CredentialsPath.Resolve("~bob/x", HomeDirectory);

        resolve.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("The path '~bob/x' starts with '~' and a name.*'./~bob/x'*");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative/home")]
    public void A_home_that_is_not_known_is_told_with_the_remedy(string? home)
    {
        Action resolve = () => CredentialsPath.Resolve("~/x", home);

        resolve.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage(
                "The path '~/x' starts with '~', but the user's home directory is not known. "
                + "Set '*' to a full path, or write the full path.");
    }
}
