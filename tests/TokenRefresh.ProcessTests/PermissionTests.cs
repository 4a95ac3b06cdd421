using System.Runtime.Versioning;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Owners and modes, with real users.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PermissionTests
{
    private const UnixFileMode ReadOnlyDirectory =
        UnixFileMode.UserRead | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode WritableDirectory =
        ReadOnlyDirectory | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    [Theory]
    [InlineData("000", 0b110_100_100, "600")]
    [InlineData("077", 0b110_100_100, "600")]
    [InlineData("000", 0b110_000_000, "600")]
    [InlineData("000", 0b100_000_000, "400")]
    [FailureMode("F49")]
    public async Task Whatever_the_umask_the_file_is_its_owner_s_alone(string umask, int mode, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no umask.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        File.SetUnixFileMode(login.Path, (UnixFileMode)mode);
        await using ChildProcess child = await OtherPrograms.StartWithUmaskAsync(umask);
        await child.RunAsync(login.CreateCommand());
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();

        Task<string> get = await child.StartCommandAsync("get");
        await parked.Arrived;
        string probe = await OtherPrograms.OwnerAndModeAsync(login.TempFiles.Single());
        parked.Release();
        await get;

        login.Books.Grants.Should().Be(1);
        probe.Should().EndWith(" " + expected);
        (await OtherPrograms.OwnerAndModeAsync(login.Path)).Should().EndWith(" " + expected);
        (await OtherPrograms.OwnerAndModeAsync(login.LockPath)).Should().EndWith(" 600");
    }

    [Fact]
    [FailureMode("F49")]
    public async Task A_new_file_is_its_owner_s_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no umask.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        string path = Path.Combine(login.Directory.Path, "new", "credentials");
        await using ChildProcess child = await OtherPrograms.StartWithUmaskAsync("000");
        await child.RunAsync(login.CreateCommand(path: path));

        await child.RunAsync("store access refresh in:3600");

        (await OtherPrograms.OwnerAndModeAsync(Path.GetDirectoryName(path)!)).Should().EndWith(" 700");
        (await OtherPrograms.OwnerAndModeAsync(path)).Should().EndWith(" 600");
        (await OtherPrograms.OwnerAndModeAsync(path + SharedLogin.LockSuffix)).Should().EndWith(" 600");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F49")]
    public async Task What_root_writes_belongs_to_the_user_whose_login_it_is(bool directoryIsTheUsersToo)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can give files away.");
        Assert.SkipUnless(OtherPrograms.WhyNoUnprivilegedChild is null, OtherPrograms.WhyNoUnprivilegedChild ?? "");
        var owner = $"{OtherPrograms.Nobody}:{OtherPrograms.Nobody} 600";
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        File.SetUnixFileMode(login.Directory.Path, WritableDirectory);
        File.SetUnixFileMode(login.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await OtherPrograms.ChangeOwnerAsync(login.Path, OtherPrograms.Nobody);
        if (directoryIsTheUsersToo)
        {
            await OtherPrograms.ChangeOwnerAsync(login.Directory.Path, OtherPrograms.Nobody);
        }

        await using ChildProcess root = await ChildProcess.StartAsync(TestProgram.Path);
        await using ChildProcess user = await OtherPrograms.StartUnprivilegedAsync();
        await root.RunAsync(login.CreateCommand());
        await user.RunAsync(login.CreateCommand());
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();

        Task<string> get = await root.StartCommandAsync("get");
        await parked.Arrived;
        string probe = await OtherPrograms.OwnerAndModeAsync(login.TempFiles.Single());
        parked.Release();
        string token = await get;

        probe.Should().Be(owner);
        (await OtherPrograms.OwnerAndModeAsync(login.Path)).Should().Be(owner);
        (await OtherPrograms.OwnerAndModeAsync(login.LockPath)).Should().Be(owner);
        (await user.RunAsync("get")).Should().Be(token);
        (await user.RunAsync("refresh last")).Should().EndWith("distinct=1 failures=0", "one run under sudo locks nobody out");
        login.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F31")]
    public async Task A_lock_file_that_cannot_be_created_is_named_and_nothing_is_sent()
    {
        Assert.SkipUnless(OtherPrograms.WhyNoUnprivilegedChild is null, OtherPrograms.WhyNoUnprivilegedChild ?? "");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await StartInReadOnlyDirectoryAsync(login);
        byte[] before = await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken);

        string reply = await child.RunAsync("get 8");

        reply.Should().Contain("failures=8 failure=LockUnavailableException")
            .And.Contain($"'{login.LockPath}'")
            .And.Contain("(error 13)")
            .And.Contain("'LockPath'");
        login.Books.TokenRequests.Should().Be(0);
        (await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Equal(before);
    }

    [Fact]
    [FailureMode("F31", "F35")]
    public async Task A_directory_that_cannot_be_written_is_found_before_anything_is_sent()
    {
        Assert.SkipUnless(OtherPrograms.WhyNoUnprivilegedChild is null, OtherPrograms.WhyNoUnprivilegedChild ?? "");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var writable = new TempDirectory();
        File.SetUnixFileMode(writable.Path, WritableDirectory);
        string lockPath = Path.Combine(writable.Path, "lock");
        await using ChildProcess child = await StartInReadOnlyDirectoryAsync(login, $"lockpath={Uri.EscapeDataString(lockPath)}");
        byte[] before = await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken);

        string reply = await child.RunAsync("get 8");

        reply.Should().Contain("failures=8 failure=CredentialsFileException").And.Contain($"'{login.Path}'");
        login.Books.TokenRequests.Should().Be(0);
        File.Exists(lockPath).Should().BeTrue("the lock was to be had elsewhere");
        (await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Equal(before);
    }

    private static async Task<ChildProcess> StartInReadOnlyDirectoryAsync(SharedLogin login, string settings = "")
    {
        File.SetUnixFileMode(login.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.SetUnixFileMode(login.Directory.Path, ReadOnlyDirectory);
        ChildProcess child = await OtherPrograms.StartUnprivilegedAsync();
        await child.RunAsync(login.CreateCommand(settings));
        return child;
    }
}
