using System.Runtime.Versioning;
using System.Text.Json;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Disks that are full, read-only, or refuse a rename, for real.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DiskTests
{
    private const UnixFileMode Everyone = (UnixFileMode)0b111_111_111;
    private const UnixFileMode NobodyWrites = (UnixFileMode)0b101_101_101;
    private const UnixFileMode OfGroup = (UnixFileMode)0b110_110_000;

    [Fact]
    [FailureMode("F35")]
    public async Task A_full_disk_is_found_before_anything_is_sent()
    {
        Assert.SkipUnless(PrivateMounts.WhyNone is null, PrivateMounts.WhyNone ?? "");
        await using MountedLogin login = await MountedLogin.StartExpiredAsync();
        await using ChildProcess child = await login.Mounts.StartChildAsync();
        await child.RunAsync(login.Login.CreateCommand());
        byte[] before = await login.ReadAsync();
        login.Fill(leave: 32 * 1024);

        string reply = await child.RunAsync("get 4");

        reply.Should().Contain("failures=4 failure=CredentialsFileException")
            .And.Contain($"'{login.Login.Path}'")
            .And.Contain("Nothing was sent")
            .And.Contain("leave room on its disk");
        login.Server.Books.TokenRequests.Should().Be(0);
        (await login.ReadAsync()).Should().Equal(before);

        login.MakeRoom();
        (await child.RunAsync("get 4")).Should().Be(Replies.OneToken(AccessTokenIn(await login.ReadAsync())));
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F35")]
    public async Task A_read_only_file_system_is_found_before_anything_is_sent()
    {
        Assert.SkipUnless(PrivateMounts.WhyNone is null, PrivateMounts.WhyNone ?? "");
        await using MountedLogin login = await MountedLogin.StartExpiredAsync();
        using var elsewhere = new TempDirectory();
        await using ChildProcess child = await login.Mounts.StartChildAsync();
        await child.RunAsync(login.Login.CreateCommand($"lockpath={Uri.EscapeDataString(Path.Combine(elsewhere.Path, "lock"))}"));
        await login.Mounts.MountAsync("-o", "remount,ro", login.Login.Directory.Path);

        string reply = await child.RunAsync("get 4");

        reply.Should().Contain("failures=4 failure=CredentialsFileException")
            .And.Contain($"'{login.Login.Path}'")
            .And.Contain("Its file system is read-only. Mount it writable.")
            .And.Contain("Nothing was sent");
        login.Server.Books.TokenRequests.Should().Be(0);

        await login.Mounts.MountAsync("-o", "remount,rw", login.Login.Directory.Path);
        (await child.RunAsync("get 4")).Should().Be(Replies.OneToken(AccessTokenIn(await login.ReadAsync())));
    }

    [Fact]
    [FailureMode("F35", "F34")]
    public async Task A_disk_that_fills_up_while_the_answer_is_awaited_takes_the_new_tokens_all_the_same()
    {
        Assert.SkipUnless(PrivateMounts.WhyNone is null, PrivateMounts.WhyNone ?? "");
        await using MountedLogin login = await MountedLogin.StartExpiredAsync();
        await using ChildProcess child = await login.Mounts.StartChildAsync();
        await child.RunAsync(login.Login.CreateCommand());
        byte[] used = await login.ReadAsync();
        using ParkedExchange<string> parked = await login.Login.ParkAsync(child, "get 4", ParkPoint.AfterProcessing);
        login.Fill();
        Action writeAnotherByte = () => File.WriteAllBytes(login.Mounts.View(Path.Combine(login.Login.Directory.Path, "one more")), [1]);
        writeAnotherByte.Should().Throw<IOException>("the disk is full now");

        string reply = await parked.FinishAsync();

        reply.Should().Be(Replies.OneToken(AccessTokenIn(await login.ReadAsync())));
        (await child.RunAsync("status")).Should().EndWith("problem=-");
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0 });

        login.MakeRoom();
        await File.WriteAllBytesAsync(login.View, used, TestContext.Current.CancellationToken);
        await child.RunAsync(login.Login.CreateCommand("name=another"));
        (await child.RunAsync("get name=another")).Should().Contain("failure=SignInRequiredException")
            .And.Contain("older file came back", "the record could be written too");
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F34")]
    public async Task Tokens_that_come_while_the_file_system_is_read_only_are_served_and_saved_once_it_is_writable_again()
    {
        Assert.SkipUnless(PrivateMounts.WhyNone is null, PrivateMounts.WhyNone ?? "");
        await using MountedLogin login = await MountedLogin.StartExpiredAsync();
        await using ChildProcess child = await login.Mounts.StartChildAsync();
        string directory = login.Login.Directory.Path;

        await ShouldSaveLaterAsync(
            login.Login,
            child,
            login.View,
            async () =>
            {
                // A remount is refused while files are open for writing, as the lock file is; a read-only view on top is not.
                await login.Mounts.MountAsync("--bind", directory, directory);
                await login.Mounts.MountAsync("-o", "remount,bind,ro", directory);
            },
            () => login.Mounts.UnmountAsync(directory));
    }

    [Fact]
    [FailureMode("F34")]
    public async Task Tokens_that_may_not_replace_an_immutable_file_are_served_and_saved_once_they_may()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root on Linux makes a file immutable.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        Assert.SkipUnless(
            await OtherPrograms.TryRunAsync("chattr", "+i", login.Path),
            "chattr(1) is not installed, or this file system knows no immutable files.");
        await OtherPrograms.RunAsync("chattr", "-i", login.Path);
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        try
        {
            await ShouldSaveLaterAsync(
                login,
                child,
                login.Path,
                () => OtherPrograms.RunAsync("chattr", "+i", login.Path),
                () => OtherPrograms.RunAsync("chattr", "-i", login.Path));
        }
        finally
        {
            // Or the directory could not be deleted.
            await OtherPrograms.RunAsync("chattr", "-i", login.Path);
        }
    }

    [Theory]
    [InlineData(Everyone | UnixFileMode.StickyBit)]
    [InlineData(NobodyWrites)]
    [FailureMode("F34")]
    public async Task Tokens_that_come_after_the_right_to_replace_the_file_was_lost_are_served_and_saved_once_it_is_back(UnixFileMode mode)
    {
        bool isSticky = mode.HasFlag(UnixFileMode.StickyBit);
        Assert.SkipUnless(OtherPrograms.WhyNoUnprivilegedChild is null, OtherPrograms.WhyNoUnprivilegedChild ?? "");
        Assert.SkipUnless(
            Environment.IsPrivilegedProcess || !isSticky,
            "In a sticky directory only the files of another user are protected, and only root makes such files.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        File.SetUnixFileMode(login.Directory.Path, Everyone);
        if (Environment.IsPrivilegedProcess)
        {
            // The file of another user is refreshed only if it is a group's; in the sticky directory it then cannot be replaced.
            string owner = isSticky ? $"0:{OtherPrograms.Nobody}" : $"{OtherPrograms.Nobody}:{OtherPrograms.Nobody}";
            await OtherPrograms.RunAsync("chown", owner, login.Path);
            File.SetUnixFileMode(login.Path, isSticky ? OfGroup : UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await using ChildProcess child = await OtherPrograms.StartUnprivilegedAsync();

        await ShouldSaveLaterAsync(login, child, login.Path, () => ChangeModeAsync(mode), () => ChangeModeAsync(Everyone));

        Task ChangeModeAsync(UnixFileMode to)
        {
            File.SetUnixFileMode(login.Directory.Path, to);
            return Task.CompletedTask;
        }
    }

    [Fact]
    [FailureMode("F47", "F38")]
    public async Task Readers_of_a_bind_mounted_file_that_is_written_in_place_never_see_half_a_login()
    {
        const int Writes = 100;
        Assert.SkipUnless(PrivateMounts.WhyNone is null, PrivateMounts.WhyNone ?? "");
        await using MountedLogin login = await MountedLogin.StartExpiredAsync();
        string source = Path.Combine(login.Login.Directory.Path, "source.json");
        string padding = new('x', 32 * 1024);
        await File.WriteAllTextAsync(
            login.Mounts.View(source),
            $$"""
            {"claudeAiOauth":{"accessToken":"access-0","refreshToken":"refresh-0","expiresAt":4102444800000},
             "padding":"{{padding}}","last":true}
            """,
            TestContext.Current.CancellationToken);
        await login.Mounts.MountAsync("--bind", source, login.Login.Path);
        await using ChildProcess writer = await login.Mounts.StartChildAsync();
        await using ChildProcess reader = await login.Mounts.StartChildAsync();
        await writer.RunAsync(login.Login.CreateCommand());
        Dictionary<string, int> known = Enumerable.Range(0, Writes).ToDictionary(
            i => Replies.OneToken($"access-{i}"),
            i => i,
            StringComparer.Ordinal);

        Task<string> writing = await writer.StartCommandAsync($"stores {Writes}");
        List<int> seen = [];
        do
        {
            await reader.RunAsync(login.Login.CreateCommand("name=reader"));
            string reply = await reader.RunAsync("get name=reader");
            known.Should().ContainKey(reply, "every reader gets a whole login");
            seen.Add(known[reply]);
            await reader.RunAsync("dispose name=reader");
        }
        while (!writing.IsCompleted);

        await writing;
        seen.Should().BeInAscendingOrder("no reader gets an older login after a newer one");
        AccessTokenIn(await File.ReadAllBytesAsync(login.Mounts.View(source), TestContext.Current.CancellationToken))
            .Should().Be($"access-{Writes - 1}", "it is one file still");
        login.Server.Books.TokenRequests.Should().Be(0);
    }

    /// <summary>One refresh, during which the file can no longer be replaced.</summary>
    private static async Task ShouldSaveLaterAsync(
        SharedLogin login,
        ChildProcess child,
        string view,
        Func<Task> breakAsync,
        Func<Task> repairAsync)
    {
        await child.RunAsync(login.CreateCommand());
        byte[] before = await File.ReadAllBytesAsync(view);
        using ParkedExchange<string> parked = await login.ParkAsync(child, "get 4", ParkPoint.AfterProcessing);
        await breakAsync();

        string reply = await parked.FinishAsync();

        reply.Should().EndWith("distinct=1 failures=0");
        (await child.RunAsync("get 4")).Should().Be(reply);
        (await child.RunAsync("status")).Should().Contain("state=SignedIn").And.Contain($"could not be saved to '{login.Path}'");
        (await File.ReadAllBytesAsync(view)).Should().Equal(before);

        await repairAsync();
        await child.RunAsync("dispose");
        Replies.OneToken(AccessTokenIn(await File.ReadAllBytesAsync(view))).Should().Be(reply);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0 });
    }

    private static string AccessTokenIn(byte[] file)
    {
        using JsonDocument document = JsonDocument.Parse(file);
        return document.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString()!;
    }
}
