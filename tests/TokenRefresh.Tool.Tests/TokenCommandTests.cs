using System.Text.Json;
using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

public sealed class TokenCommandTests
{
    [Theory]
    [InlineData("token", "--help")]
    [InlineData("token", "--verbose", "-h")]
    [InlineData("run", "--help")]
    [InlineData("status", "-?")]
    public async Task Each_command_has_help(params string[] args)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var host = TestHost.Of(login);

        int code = await host.RunAsync(args);

        code.Should().Be(ExitCode.Healthy);
        host.Output.Should().Contain("Usage:").And.Contain($"{args[0]} ");
        login.Books.TokenRequests.Should().Be(0);
    }

    [Theory]
    [InlineData("token", "--stor", "file")]
    [InlineData("token", "--format", "git-credential", "--stor")]
    [InlineData("run", "--varable", "X", "--", "true")]
    public async Task A_mistyped_option_is_not_taken_for_an_argument(params string[] args)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var host = TestHost.Of(login);

        int code = await host.RunAsync(args);

        code.Should().Be(ExitCode.Usage);
        host.Errors.Should().Contain($"is no option of '{args[0]}'").And.ContainAny("'--stor'", "'--varable'");
    }

    [Fact]
    public async Task A_token_that_is_bound_to_a_key_is_printed_with_a_warning()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();
        using var host = TestHost.Of(login);

        int code = await host.RunAsync("token");

        code.Should().Be(ExitCode.Healthy);
        login.Server.IsAccepted(host.Output.Trim()).Should().BeTrue();
        host.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().ContainSingle().Which.Should().Contain("bound to a key");
    }

    [Fact]
    public async Task A_valid_token_is_printed_and_nothing_is_sent()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var host = TestHost.Of(login);

        int code = await host.RunAsync("token");

        code.Should().Be(ExitCode.Healthy);
        host.Output.Should().Be(login.Login.Credentials.AccessToken + Environment.NewLine);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task An_expired_token_is_refreshed_once_and_saved()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        var first = TestHost.Of(login);
        var second = TestHost.Of(login);

        await first.RunAsync("token");
        await second.RunAsync("token");

        login.Server.IsAccepted(first.Output.Trim()).Should().BeTrue();
        second.Output.Should().Be(first.Output);
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_token_that_expires_sooner_than_asked_is_refreshed()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        login.Store(login.Server.IssueLogin(TimeSpan.FromSeconds(100)));
        var shorter = TestHost.Of(login);
        var longer = TestHost.Of(login);

        await shorter.RunAsync("token", "--valid-for", "30");
        await longer.RunAsync("token", "--valid-for", "300");

        shorter.Output.Trim().Should().Be(login.Login.Credentials.AccessToken);
        longer.Output.Trim().Should().NotBe(login.Login.Credentials.AccessToken);
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task Each_format_is_what_its_reader_takes()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string token = login.Login.Credentials.AccessToken;
        string expiry = login.Login.Credentials.ExpiresAt!.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

        string header = await PrintAsync(login, "header");
        using JsonDocument kubectl = JsonDocument.Parse(await PrintAsync(login, "kubectl"));
        using JsonDocument json = JsonDocument.Parse(await PrintAsync(login, "json"));

        header.Should().Be($"Authorization: Bearer {token}");
        kubectl.RootElement.GetProperty("kind").GetString().Should().Be("ExecCredential");
        kubectl.RootElement.GetProperty("apiVersion").GetString().Should().Be("client.authentication.k8s.io/v1");
        kubectl.RootElement.GetProperty("status").GetProperty("token").GetString().Should().Be(token);
        kubectl.RootElement.GetProperty("status").GetProperty("expirationTimestamp").GetString().Should().Be(expiry);
        json.RootElement.GetProperty("accessToken").GetString().Should().Be(token);
        json.RootElement.GetProperty("headerValue").GetString().Should().Be($"Bearer {token}");
        json.RootElement.GetProperty("expiresAt").GetString().Should().Be(expiry);
    }

    [Theory]
    [InlineData("""{ "apiVersion": "client.authentication.k8s.io/v1beta1" }""", "client.authentication.k8s.io/v1beta1")]
    [InlineData("nonsense", "client.authentication.k8s.io/v1")]
    public async Task Kubectl_gets_the_version_that_it_asked_for(string asked, string expected)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var host = TestHost.Of(login);
        host.Variables["KUBERNETES_EXEC_INFO"] = asked;

        await host.RunAsync("token", "--format", "kubectl");

        using JsonDocument answer = JsonDocument.Parse(host.Output);
        answer.RootElement.GetProperty("apiVersion").GetString().Should().Be(expected);
    }

    [Fact]
    public async Task Git_gets_the_token_as_password_and_an_erased_one_is_replaced()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string token = login.Login.Credentials.AccessToken;
        var get = TestHost.Of(login);
        get.Input = "protocol=https\nhost=git.example.com\n\n";
        var store = TestHost.Of(login);
        var erase = TestHost.Of(login);
        erase.Input = $"protocol=https\nhost=git.example.com\nusername=me\npassword={token}\n";

        await get.RunAsync("token", "--format", "git-credential", "get");
        await store.RunAsync("token", "--format", "git-credential", "store");
        await erase.RunAsync("token", "--format", "git-credential", "erase");

        get.Output.Should().StartWith($"username=oauth2\npassword={token}\npassword_expiry_utc=");
        store.Output.Should().BeEmpty();
        erase.Output.Should().BeEmpty();
        login.Books.Grants.Should().Be(1);
        (await PrintAsync(login, "raw")).Should().NotBe(token);
    }

    [Theory]
    [InlineData("   ")]
    [InlineData("")]
    [InlineData("pässword")]
    [InlineData("another")]
    public async Task A_password_of_others_that_git_erases_costs_no_refresh(string password)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var host = TestHost.Of(login);
        host.Input = $"protocol=https\nhost=git.example.com\nusername=me\npassword={password}\n";

        int code = await host.RunAsync("token", "--format", "git-credential", "erase");

        code.Should().Be(ExitCode.Healthy, host.Errors);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task Without_a_login_the_exit_code_says_so()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        var host = TestHost.Of(login);

        int code = await host.RunAsync("token");

        code.Should().Be(ExitCode.SignIn);
        host.Output.Should().BeEmpty();
        host.Errors.Should().Contain("There is no login");
    }

    [Fact]
    public async Task An_endpoint_that_fails_is_a_reason_to_try_later()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        var host = TestHost.Of(login);

        int code = await host.RunAsync("token", "--verbose");

        code.Should().Be(ExitCode.TryLater);
        SecretSearch.CountLeaks(host.Errors + host.Output, login.Server.IssuedTokens).Should().Be(0);
        host.Errors.Should().Contain("503");
    }

    [Fact]
    public async Task A_word_behind_token_is_for_git_only()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var host = TestHost.Of(login);

        int code = await host.RunAsync("token", "get");

        code.Should().Be(ExitCode.Usage);
        host.Output.Should().BeEmpty();
    }

    private static async Task<string> PrintAsync(SharedLogin login, string format)
    {
        var host = TestHost.Of(login);
        int code = await host.RunAsync("token", "--format", format);
        code.Should().Be(ExitCode.Healthy, host.Errors);
        return host.Output.Trim();
    }
}
