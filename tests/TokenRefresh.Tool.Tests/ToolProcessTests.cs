using System.Diagnostics;
using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

public sealed class ToolProcessTests
{
    // The library itself names types of System.Net.Http, but makes none.
    private static readonly string[] Unneeded =
    [
        "System.Net.Sockets", "System.Net.Security", "Microsoft.Extensions.Http", "Polly", "Duende", "Spectre",
        "TokenRefresh.Keychain", "TokenRefresh.PostgreSql", "Tmds", "Npgsql", "DataProtection",
    ];

    [Fact]
    public async Task Token_prints_the_token_and_nothing_else()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();

        var (code, output, errors) = await ToolProcess.RunAsync(ToolProcess.StartInfo(login, "token"));

        code.Should().Be(ExitCode.Healthy, errors);
        login.Server.IsAccepted(output.TrimEnd('\n')).Should().BeTrue();
        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task Token_with_a_valid_token_loads_nothing_of_network_screen_or_other_stores()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        ProcessStartInfo start = ToolProcess.StartInfo(login, "token");
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(ToolProcessTests).Assembly.Location;

        var (code, output, errors) = await ToolProcess.RunAsync(start);

        code.Should().Be(ExitCode.Healthy, errors);
        output.Trim().Should().Be(login.Login.Credentials.AccessToken);
        string[] loaded = [.. errors.Split('\n').Where(line => line.StartsWith("loaded ", StringComparison.Ordinal))];
        loaded.Should().Contain("loaded TokenRefresh");
        loaded.Where(line => Unneeded.Any(name => line.Contains(name, StringComparison.Ordinal))).Should().BeEmpty();
    }

    [Theory]
    [InlineData("keychain", "Tmds.DBus.Protocol", "Npgsql", ExitCode.File)]
    [InlineData("postgres", "Npgsql", "Tmds", ExitCode.TryLater)]
    public async Task A_store_loads_nothing_of_the_other(string store, string own, string other, int expected)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        ProcessStartInfo start = ToolProcess.StartInfo(login, "status", "--store", store, "--keychain-service", "tool");
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(ToolProcessTests).Assembly.Location;
        start.Environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus";
        start.Environment["TOKEN_REFRESH_POSTGRES"] = "Host=127.0.0.1;Port=9;Username=u;Password=p";

        var (code, _, errors) = await ToolProcess.RunAsync(start);

        code.Should().Be(expected, errors);
        errors.Should().Contain($"loaded {own}").And.NotContain($"loaded {other}").And.NotContain("DataProtection\n");
    }

    [Fact]
    public async Task Status_on_a_terminal_is_in_colour_and_wraps_at_its_width()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();

        var (code, output, _) = await ToolProcess.RunAsync(ToolProcess.OnTerminal(login, "status"));

        code.Should().Be(ExitCode.Healthy);
        output.Should().Contain("\e[").And.Contain("default: signed in").And.Contain("access token");
    }

    [Fact]
    public async Task A_wait_is_told_on_a_terminal()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();

        Task<(int ExitCode, string Output, string Errors)> run = ToolProcess.RunAsync(ToolProcess.OnTerminal(login, "token"));
        await parked.Arrived;
        await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System);
        parked.Release();
        var (code, output, _) = await run;

        code.Should().Be(ExitCode.Healthy);
        output.Should().Contain("waiting for the token endpoint ...");
    }
}
