using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class MissingLoginTests
{
    [Theory]
    [InlineData("""{ "access_tokn": "secret-value", "other": 1 }""", "access_tokn")]
    [InlineData("""{ "accessToken": "secret-value", "refreshToken": "secret-value" }""", "accessToken")]
    [InlineData("""{ "claudeAiOauth": { "token": "secret-value" } }""", "claudeAiOauth")]
    [FailureMode("F127", "F88")]
    public async Task A_file_of_another_format_is_told_with_what_was_looked_for_and_what_is_there(string json, string found)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        await File.WriteAllTextAsync(login.Path, json, TestContext.Current.CancellationToken);
        CoordinatedTokenProvider provider = login.CreateProvider();

        Func<Task> act = () => provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask();

        string message = (await act.Should().ThrowAsync<SignInRequiredException>()).Which.Message;
        message.Should().Contain(login.Path).And.Contain("claudeAiOauth.accessToken").And.Contain(found).And.Contain("'FileFormat'");
        message.Should().NotContain("secret-value");
        (await provider.GetStatusAsync(TestContext.Current.CancellationToken)).Problem.Should().Be(message);
    }
}
