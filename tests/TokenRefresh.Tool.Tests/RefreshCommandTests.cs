using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

public sealed class RefreshCommandTests
{
    [Fact]
    public async Task An_empty_input_names_no_rejected_token()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var host = TestHost.Of(login);

        int code = await host.RunAsync("refresh", "--rejected-from-stdin");

        code.Should().Be(ExitCode.Usage);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task A_valid_token_is_replaced_and_not_printed()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var host = TestHost.Of(login);

        int code = await host.RunAsync("refresh");

        code.Should().Be(ExitCode.Healthy);
        host.Output.Should().StartWith("Refreshed: the access token expires 20");
        login.Books.Grants.Should().Be(1);
        SecretSearch.CountLeaks(host.Output + host.Errors, login.Server.IssuedTokens).Should().Be(0);
    }

    [Fact]
    public async Task An_expired_token_costs_one_refresh_not_two()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();

        int code = await TestHost.Of(login).RunAsync("refresh");

        code.Should().Be(ExitCode.Healthy);
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_rejected_token_that_was_replaced_by_now_costs_nothing()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var host = TestHost.Of(login);
        host.Input = "an-older-token\n";

        int code = await host.RunAsync("refresh", "--rejected-from-stdin");

        code.Should().Be(ExitCode.Healthy);
        host.Output.Should().StartWith("Another token was stored by now; nothing was sent");
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task The_stored_token_read_from_the_input_is_replaced()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var host = TestHost.Of(login);
        host.Input = login.Login.Credentials.AccessToken;

        await host.RunAsync("refresh", "--rejected-from-stdin");

        login.Books.Grants.Should().Be(1);
    }
}
