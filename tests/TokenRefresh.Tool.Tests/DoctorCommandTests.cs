using System.Diagnostics;
using FluentAssertions;
using TokenRefresh.Tool.Checks;

namespace TokenRefresh.Tool.Tests;

public sealed class DoctorCommandTests
{
    [Theory]
    [InlineData(".credentials.json")]
    [InlineData("missing/.credentials.json")]
    public async Task A_file_or_directory_that_is_missing_is_a_finding(string name)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        using var host = TestHost.Of(login);
        File.Delete(login.Path);
        host.Variables["TOKEN_REFRESH_CREDENTIALS"] = Path.Combine(login.Directory.Path, name);

        await host.RunAsync("doctor", "--offline");

        host.Errors.Should().BeEmpty();
        host.Output.Should().Contain("There is no '").And.Contain("token-refresh login");
    }

    [Fact]
    public async Task A_healthy_login_has_nothing_to_put_right()
    {
        await using SharedLogin login = await StartAsync();

        var (code, output) = await RunAsync(login);

        code.Should().Be(ExitCode.Healthy, output);
        output.Should().ContainAll("ok       login", "ok       file", "ok       lock", "ok       endpoint", "ok       clock");
        output.Should().Contain("Nothing that must be put right.");
        login.Books.TokenRequests.Should().Be(0);
        Directory.GetFiles(login.Directory.Path).Should().Equal(login.Path);
        SecretSearch.CountLeaks(output, login.Server.IssuedTokens).Should().Be(0);
    }

    [Fact]
    public async Task A_file_that_every_user_reads_is_a_problem_and_fixed_if_asked()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        await using SharedLogin login = await StartAsync();
        SetMode(login.Path, 0b110_100_100);

        var (code, output) = await RunAsync(login, "--offline");
        var (fixedCode, fixedOutput) = await RunAsync(login, "--offline", "--fix");

        code.Should().Be(ExitCode.Failed);
        output.Should().Contain("mode 0644").And.Contain($"chmod o= {login.Path}");
        fixedCode.Should().Be(ExitCode.Healthy, fixedOutput);
        (await RunAsync(login, "--offline")).Output.Should().Contain("mode 0640");
    }

    [Fact]
    public async Task A_rejected_login_and_a_broken_file_are_told_apart()
    {
        await using SharedLogin login = await StartAsync();
        login.StoreExpired();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_grant");
        await TestHost.Of(login).RunAsync("token");

        var (_, rejected) = await RunAsync(login, "--offline");
        await File.WriteAllTextAsync(login.Path, "{ broken");
        var (_, broken) = await RunAsync(login, "--offline");

        rejected.Should().Contain("problem  login").And.Contain("rejected the refresh token").And.Contain("Run 'token-refresh login'");
        broken.Should().Contain("problem  login").And.Contain(login.Path);
    }

    [Fact]
    public async Task A_stopped_holder_is_named_with_what_continues_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The state of a process is read from /proc.");
        await using SharedLogin login = await StartAsync();
        login.StoreExpired();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        using Process holder = Process.Start(ToolProcess.StartInfo(login, "token"))!;
        await parked.Arrived;
        ToolProcess.Signal(holder, "STOP");
        while (!(await File.ReadAllTextAsync($"/proc/{holder.Id}/stat")).Contains(") T ", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        var (code, output) = await RunAsync(login, "--offline");
        ToolProcess.Signal(holder, "CONT");
        parked.Release();
        await holder.WaitForExitAsync();

        code.Should().Be(ExitCode.Failed);
        output.Should().Contain("is stopped").And.Contain($"kill -CONT {holder.Id}");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_a_problem()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.UserName == "root", "Root may write everywhere.");
        await using SharedLogin login = await StartAsync();
        SetMode(login.Directory.Path, 0b101_000_000);

        var (code, output) = await RunAsync(login, "--offline");

        code.Should().Be(ExitCode.Failed);
        output.Should().Contain("cannot be written");
    }

    [Fact]
    public async Task An_orphaned_lock_of_the_owner_is_removed_if_asked_and_a_live_one_left()
    {
        await using SharedLogin login = await StartAsync();
        string orphan = Directory.CreateDirectory(Path.Combine(login.Directory.Path, ".oauth_refresh.lock")).FullName;

        var (_, live) = await RunAsync(login, "--offline", "--fix");
        Directory.SetLastWriteTimeUtc(orphan, TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(5));
        var (code, stale) = await RunAsync(login, "--offline");
        Finding finding = LockDirectory.Look(orphan);
        string done = await finding.Fix!();

        live.Should().Contain("is held by another program");
        code.Should().Be(ExitCode.Failed);
        stale.Should().Contain($"rmdir {orphan}");
        done.Should().StartWith("removed");
        Directory.Exists(orphan).Should().BeFalse();
    }

    [Fact]
    public async Task Variables_that_lead_elsewhere_are_named_without_their_values()
    {
        await using SharedLogin login = await StartAsync();
        using var host = TestHost.Of(login);
        host.Variables["CLAUDE_CODE_OAUTH_TOKEN"] = "sk-secret-secret-secret";
        host.Variables["CODEX_HOME"] = "/elsewhere";
        host.Variables["HTTPS_PROXY"] = "http://user:password@proxy.example:3128";

        await host.RunAsync("doctor", "--offline");

        host.Output.Should().ContainAll("'CLAUDE_CODE_OAUTH_TOKEN' is set", "'CODEX_HOME' is '/elsewhere'", "proxy.example:3128");
        host.Output.Should().NotContain("sk-secret").And.NotContain("password");
    }

    [Fact]
    public async Task A_left_over_temp_file_and_a_damaged_one_are_told()
    {
        await using SharedLogin login = await StartAsync();
        await File.WriteAllTextAsync(login.Path + ".1.0123456789abcdef.tokenrefresh.tmp", "");
        await File.WriteAllTextAsync(login.Path + ".damaged-20261127T101500Z", "");

        var (code, output) = await RunAsync(login, "--offline");

        code.Should().Be(ExitCode.Healthy);
        output.Should().Contain("1 temp files").And.Contain(".damaged-20261127T101500Z");
    }

    [Fact]
    public async Task A_name_that_is_not_known_and_a_port_that_is_closed_are_told_apart()
    {
        IReadOnlyList<Finding> name = await EndpointChecks.LookAsync(new Uri("https://host.invalid/token"), TimeProvider.System);
        IReadOnlyList<Finding> port = await EndpointChecks.LookAsync(new Uri("http://127.0.0.1:9/token"), TimeProvider.System);

        name.Should().ContainSingle().Which.Check.Should().Be("name");
        port.Should().ContainSingle().Which.Check.Should().Be("endpoint");
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_measured_against_the_server_s()
    {
        await using SharedLogin login = await StartAsync();
        var fast = new ManualTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(7));

        IReadOnlyList<Finding> findings = await EndpointChecks.LookAsync(login.Server.TokenUri, fast);

        findings.Should().ContainSingle(f => f.Check == "clock" && f.Severity == Severity.Problem)
            .Which.Text.Should().Contain("ahead of the server's");
    }

    private static async Task<SharedLogin> StartAsync()
    {
        SharedLogin login = await SharedLogin.StartAsync();
        SetMode(login.Path, 0b110_000_000);
        return login;
    }

    private static void SetMode(string path, int mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)mode);
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(SharedLogin login, params string[] options)
    {
        using var host = TestHost.Of(login);
        int code = await host.RunAsync(["doctor", .. options]);
        return (code, host.Output + host.Errors);
    }
}
