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
    public async Task A_file_that_its_owner_may_not_read_is_a_problem_and_its_path_one_word()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        await using SharedLogin login = await StartAsync();
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(login.Directory.Path, "a b")).FullName, "c.json");
        File.Move(login.Path, path);
        SetMode(path, 0);

        var (code, output) = await RunAsync(login, "--offline", "--credentials", path);

        code.Should().Be(ExitCode.Failed);
        output.Should().Contain("mode 0000").And.Contain($"Run 'chmod u+rw \"{path}\"'.");
    }

    [Theory]
    [InlineData("{ broken", true)]
    [InlineData("{ \"claudeAiOauth\": { \"accessToken\": 1 } }", false)]
    public async Task A_new_login_is_advised_only_where_one_moves_the_file_aside(string text, bool isAdvised)
    {
        await using SharedLogin login = await StartAsync();
        await File.WriteAllTextAsync(login.Path, text);

        var (code, output) = await RunAsync(login, "--offline");

        code.Should().Be(ExitCode.Failed);
        output.Contains("token-refresh login", StringComparison.Ordinal).Should().Be(isAdvised, output);
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

    [Theory]
    [InlineData(-300, true)]
    [InlineData(-50, false)]
    [InlineData(1, false)]
    [InlineData(60, true)]
    public async Task An_owner_s_lock_is_orphaned_if_it_is_old_or_dated_in_the_future(int seconds, bool isOrphan)
    {
        await using SharedLogin login = await StartAsync();
        CreateLock(Path.Combine(login.Directory.Path, ".oauth_refresh.lock"), seconds);

        var (code, output) = await RunAsync(login, "--offline");

        code.Should().Be(isOrphan ? ExitCode.Failed : ExitCode.Healthy, output);
        output.Should().Contain(isOrphan ? "rmdir" : "is held by another program");
    }

    [Fact]
    public async Task An_orphaned_lock_is_removed_and_one_that_is_renewed_is_left()
    {
        await using SharedLogin login = await StartAsync();
        string orphan = Path.Combine(login.Directory.Path, ".oauth_refresh.lock");
        TokenRefreshOptions options = new() { CredentialsPath = login.Path, LockTimeout = TimeSpan.FromSeconds(30) };

        CreateLock(orphan, -300);
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        Task<string> removing = OwnerLockChecks.Look(options, clock).Single().Fix!();
        await clock.AdvanceThroughPausesAsync(removing, TimeSpan.FromMilliseconds(50));
        bool isThere = Directory.Exists(orphan);

        CreateLock(orphan, -300);
        Task<string> leaving = OwnerLockChecks.Look(options, clock).Single().Fix!();
        await clock.WaitForTimerDueInAsync(TimeSpan.FromMilliseconds(50));
        Directory.SetLastWriteTimeUtc(orphan, clock.GetUtcNow().UtcDateTime);
        await clock.AdvanceThroughPausesAsync(leaving, TimeSpan.FromMilliseconds(50));

        (await removing).Should().StartWith("removed");
        isThere.Should().BeFalse();
        (await leaving).Should().StartWith("left");
        Directory.Exists(orphan).Should().BeTrue();
    }

    [Fact]
    public async Task The_locks_are_those_of_the_profile_with_its_limits()
    {
        await using SharedLogin login = await StartAsync();
        string config = Path.Combine(login.Directory.Path, "config.json");
        await File.WriteAllTextAsync(
            config,
            """{ "profiles": { "p": { "compatibleLocks": [ { "path": "a.lock", "staleAfter": "00:10:00" }, { "path": "b.lock" } ] } } }""");
        CreateLock(Path.Combine(login.Directory.Path, "a.lock"), -300);
        await File.WriteAllTextAsync(Path.Combine(login.Directory.Path, "b.lock"), "");
        CreateLock(Path.Combine(login.Directory.Path, ".oauth_refresh.lock"), -300);

        var (code, output) = await RunAsync(login, "--offline", "--config", config);

        code.Should().Be(ExitCode.Failed);
        output.Should().Contain("a.lock' is held").And.Contain("b.lock' is no directory").And.NotContain(".oauth_refresh.lock");
    }

    [Fact]
    public async Task The_lock_of_a_folder_is_beside_its_real_place()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        await using SharedLogin login = await StartAsync();
        string link = Path.Combine(login.Directory.Path, "link");
        string real = Directory.CreateDirectory(Path.Combine(login.Directory.Path, "real")).FullName;
        Directory.CreateSymbolicLink(link, real);
        File.Move(login.Path, Path.Combine(real, ".credentials.json"));
        CreateLock(real + ".lock", -300);

        var (_, output) = await RunAsync(login, "--offline", "--credentials", Path.Combine(link, ".credentials.json"));

        output.Should().Contain($"rmdir {real}.lock");
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

    private static void CreateLock(string path, int seconds)
    {
        Directory.CreateDirectory(path);
        Directory.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(seconds));
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
