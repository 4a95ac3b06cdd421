using FluentAssertions;

namespace TokenRefresh.Tests.Credentials;

public sealed class UnfollowableLinkTests
{
    [Fact]
    public async Task A_link_in_a_circle_is_an_error_of_the_credentials_file()
    {
        using var directory = new TempDirectory();
        string path = Path.Combine(directory.Path, ".credentials.json");
        File.CreateSymbolicLink(path, path);
        await using var tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = path;
            options.TokenEndpoint = new Uri("https://localhost/token");
            options.ClientId = "tests";
        });

        var get = async () => await tokens.GetAccessTokenAsync();

        (await get.Should().ThrowAsync<CredentialsFileException>()).Which.Message.Should().Contain($"'{path}'").And.Contain("link");
        (await tokens.GetStatusAsync()).State.Should().Be(TokenRefreshState.Unreadable);
    }
}
