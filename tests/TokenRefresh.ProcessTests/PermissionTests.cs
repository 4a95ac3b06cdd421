using System.Runtime.Versioning;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Owners and modes, with real users.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PermissionTests
{
    // Users and a group that no system has.
    private const int Owner = 61001;
    private const int Member = 61002;
    private const int Group = 61100;

    private const UnixFileMode GroupDirectory = (UnixFileMode)0b111_111_000;

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

        using ParkedExchange<string> parked = await login.ParkAsync(child);
        string tempFile = await OtherPrograms.OwnerAndModeAsync(login.TempFiles.Single());
        await parked.FinishAsync();

        login.Books.Grants.Should().Be(1);
        tempFile.Should().EndWith(" " + expected);
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
        SkipUnlessRoot();
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

        using ParkedExchange<string> parked = await login.ParkAsync(root);
        string tempFile = await OtherPrograms.OwnerAndModeAsync(login.TempFiles.Single());
        string token = await parked.FinishAsync();

        tempFile.Should().Be(owner);
        (await OtherPrograms.OwnerAndModeAsync(login.Path)).Should().Be(owner);
        (await OtherPrograms.OwnerAndModeAsync(login.LockPath)).Should().Be(owner);
        (await user.RunAsync("get")).Should().Be(token);
        (await user.RunAsync("refresh last")).Should().EndWith("distinct=1 failures=0", "one run under sudo locks no one out");
        login.Books.Should().BeEquivalentTo(new { Grants = 2, Reuses = 0 });
    }

    [Theory]
    [InlineData(0b110_110_000, "660", false)]
    [InlineData(0b110_100_000, "640", false)]
    [InlineData(0b110_110_000, "660", true)]
    [InlineData(0b110_100_000, "640", true)]
    [FailureMode("F107")]
    public async Task Two_users_and_root_refresh_a_group_s_file_in_turn_and_group_and_mode_stay(int mode, string shown, bool isRootFirst)
    {
        SkipUnlessRoot();
        await using SharedLogin login = await StartOfGroupAsync((UnixFileMode)mode);
        await using ChildProcess owner = await OtherPrograms.StartAsAsync(Owner, Group);
        await using ChildProcess member = await OtherPrograms.StartAsAsync(Member, Group);
        await using ChildProcess root = await ChildProcess.StartAsync(TestProgram.Path);
        ChildProcess[] users = isRootFirst ? [root, member, owner] : [owner, member, root];
        foreach (ChildProcess user in users)
        {
            await user.RunAsync(login.CreateCommand());
        }

        for (int turn = 1; turn <= 6; turn++)
        {
            using ParkedExchange<string> parked = await login.ParkAsync(users[turn % 3], behavior: TokenEndpointBehavior.ExpiresAtOnce);
            string temp = await OtherPrograms.OwnerAndModeAsync(login.TempFiles.Single());
            parked.Release();

            (await parked.Caller).Should().EndWith("distinct=1 failures=0");
            temp.Should().EndWith($":{Group} {shown}");
            (await OtherPrograms.OwnerAndModeAsync(login.Path)).Should().EndWith($":{Group} {shown}").And.NotStartWith("0:");
            (await OtherPrograms.OwnerAndModeAsync(login.LockPath)).Should().EndWith($":{Group} 660").And.NotStartWith("0:");
            login.Books.Should().BeEquivalentTo(new { TokenRequests = turn, Grants = turn, Reuses = 0 });
        }
    }

    [Theory]
    [InlineData(0b110_110_000)]
    [InlineData(0b110_100_000)]
    [FailureMode("F107")]
    public async Task A_group_that_a_save_could_not_keep_is_found_before_anything_is_sent(int mode)
    {
        SkipUnlessRoot();
        await using SharedLogin login = await StartOfGroupAsync((UnixFileMode)mode);
        await OtherPrograms.ChangeOwnerAsync(login.Directory.Path, Owner);
        byte[] before = await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken);
        string permissions = await OtherPrograms.OwnerAndModeAsync(login.Path);
        await using ChildProcess owner = await OtherPrograms.StartAsAsync(Owner);
        await owner.RunAsync(login.CreateCommand());

        string refused = await owner.RunAsync("get 4");
        string signIn = await owner.FailAsync("store access refresh in:3600");

        refused.Should().Contain("failures=4 failure=CredentialsFileException")
            .And.Contain($"shared with the group {Group}, which this user is not in").And.Contain("Nothing was sent");
        signIn.Should().StartWith("CredentialsFileException").And.Contain($"the group {Group}");
        login.Books.TokenRequests.Should().Be(0);
        login.TempFiles.Should().BeEmpty();
        (await OtherPrograms.OwnerAndModeAsync(login.Path)).Should().Be(permissions);
        (await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Equal(before);
    }

    [Fact]
    [FailureMode("F107")]
    public async Task Everything_that_root_makes_below_a_user_s_directory_is_that_user_s()
    {
        SkipUnlessRoot();
        await using SharedLogin login = await SharedLogin.StartAsync();
        await OtherPrograms.ChangeOwnerAsync(login.Directory.Path, Owner);
        string path = Path.Combine(login.Directory.Path, "one", "two", "credentials");
        await using ChildProcess root = await ChildProcess.StartAsync(TestProgram.Path);
        await using ChildProcess user = await OtherPrograms.StartAsAsync(Owner);
        await root.RunAsync(login.CreateCommand(path: path));
        await user.RunAsync(login.CreateCommand(path: path));

        await root.RunAsync($"store {login.Login.Credentials.AccessToken} {login.Login.Credentials.RefreshToken} in:3600");

        string[] made = Directory.GetFileSystemEntries(login.Directory.Path, "*", SearchOption.AllDirectories);
        made.Except([login.Path]).Should().BeEquivalentTo(
            [Path.GetDirectoryName(Path.GetDirectoryName(path)), Path.GetDirectoryName(path), path, path + SharedLogin.LockSuffix]);
        foreach (string entry in made.Except([login.Path]))
        {
            string expected = Directory.Exists(entry) ? $"{Owner}:{Owner} 700" : $"{Owner}:{Owner} 600";
            (await OtherPrograms.OwnerAndModeAsync(entry)).Should().Be(expected);
        }

        (await user.RunAsync("get")).Should().Be(Replies.OneToken(login.Login.Credentials.AccessToken));
        (await user.RunAsync("refresh last")).Should().EndWith("distinct=1 failures=0");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1 });
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

    private static void SkipUnlessRoot()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root becomes other users.");
        Assert.SkipUnless(OtherPrograms.WhyNoUnprivilegedChild is null, OtherPrograms.WhyNoUnprivilegedChild ?? "");
    }

    private static async Task<SharedLogin> StartOfGroupAsync(UnixFileMode mode)
    {
        SharedLogin login = await SharedLogin.StartExpiredAsync();
        await OtherPrograms.ChangeOwnerAsync(login.Directory.Path, Owner, Group);
        await OtherPrograms.ChangeOwnerAsync(login.Path, Owner, Group);
        File.SetUnixFileMode(login.Directory.Path, GroupDirectory);
        File.SetUnixFileMode(login.Path, mode);
        return login;
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
