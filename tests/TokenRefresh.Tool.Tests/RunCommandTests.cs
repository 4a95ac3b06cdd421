using System.Diagnostics;
using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

public sealed class RunCommandTests
{
    [Fact]
    public async Task A_program_of_the_current_folder_is_not_run_in_place_of_that_on_the_path()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell script.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        string planted = Path.Combine(login.Directory.Path, "true");
        await File.WriteAllTextAsync(planted, "#!/bin/sh\nexit 77\n");
        await Process.Start("/bin/chmod", ["700", planted]).WaitForExitAsync();
        ProcessStartInfo start = ToolProcess.StartInfo(login, "run", "--quiet", "--", "true");
        start.WorkingDirectory = login.Directory.Path;

        (int code, _, string errors) = await ToolProcess.RunAsync(start);

        code.Should().Be(0, errors);
    }

    [Fact]
    public async Task The_child_has_a_fresh_token_and_its_streams_and_exit_code_are_passed_on()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        ProcessStartInfo start = ToolProcess.StartInfo(
            login, "run", "--variable", "MY_TOKEN", "--", "sh", "-c", "read word; echo $word-$MY_TOKEN; echo told >&2; exit 7");

        var (code, output, errors) = await ToolProcess.RunAsync(start, "in\n");

        code.Should().Be(7);
        output.Should().StartWith("in-");
        login.Server.IsAccepted(output.Trim()["in-".Length..]).Should().BeTrue();
        errors.Should().Contain("told").And.Contain("the token in MY_TOKEN expires 20");
        SecretSearch.CountLeaks(errors, login.Server.IssuedTokens).Should().Be(0);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    public async Task A_signal_reaches_the_child(string signal)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        string script = $"trap 'echo caught; exit 9' {signal}; echo ready; while :; do read -r line || exit 1; done";
        using Process process = Process.Start(ToolProcess.StartInfo(login, "run", "--quiet", "--", "bash", "-c", script))!;
        await ToolProcess.ReadUntilAsync(process.StandardOutput, "ready");

        ToolProcess.Signal(process, signal);
        await ToolProcess.ReadUntilAsync(process.StandardOutput, "caught");
        await process.WaitForExitAsync();

        process.ExitCode.Should().Be(9);
    }

    [Fact]
    public async Task A_child_that_a_signal_ends_has_the_exit_code_of_shells()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();

        var (code, _, _) = await ToolProcess.RunAsync(ToolProcess.StartInfo(login, "run", "--quiet", "--", "sh", "-c", "kill -KILL $$"));

        code.Should().Be(137);
    }

    [Fact]
    public async Task The_end_of_the_token_is_told_while_the_child_runs()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        login.Store(login.Server.IssueLogin(TimeSpan.FromMinutes(2)));
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        using var host = TestHost.Of(login, clock);
        string gate = Path.Combine(login.Directory.Path, "gate");

        Task<int> run = host.RunAsync("run", "--", "sh", "-c", $"until [ -e '{gate}' ]; do sleep 0.05; done");
        await clock.AdvanceUntilAsync(host.WaitForErrorAsync("has expired"), TimeSpan.FromMinutes(1));
        await File.WriteAllTextAsync(gate, "");

        (await run).Should().Be(0);
        host.Errors.Should().Contain("expires 20").And.Contain("the token in ACCESS_TOKEN has expired");
    }

    [Fact]
    public async Task The_file_is_kept_fresh_while_the_child_runs()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        login.Store(login.Server.IssueLogin(TimeSpan.FromMinutes(7)));
        string waits = $"until [ $(grep -cFe '{login.Login.Credentials.AccessToken}' '{login.Path}') = 0 ]; do sleep 0.05; done";

        var (code, _, errors) = await ToolProcess.RunAsync(
            ToolProcess.StartInfo(login, "run", "--quiet", "--keep-fresh", "--", "sh", "-c", waits));

        code.Should().Be(0, errors);
        login.Books.Grants.Should().Be(1);
    }

    [Fact]
    public async Task A_program_that_is_not_there_and_a_missing_login_are_told_apart()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var missing = TestHost.Of(login);
        using var signedOut = TestHost.Of(login);

        int missingCode = await missing.RunAsync("run", "--", "/nonexistent/program");
        File.Delete(login.Path);
        int signedOutCode = await signedOut.RunAsync("run", "--", "true");

        missingCode.Should().Be(127);
        missing.Errors.Should().Contain("There is no program '/nonexistent/program'");
        signedOutCode.Should().Be(ExitCode.SignIn);
    }
}
