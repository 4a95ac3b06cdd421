using System.Runtime.Versioning;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>One process refreshes, and others only follow, each by its own rights.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FollowerTests
{
    private const int Owner = 61001;
    private const int Guest = 61003;
    private const int Group = 61100;
    private const int Rounds = 5;

    private const UnixFileMode GuestsDirectory = (UnixFileMode)0b111_101_000;
    private const UnixFileMode GuestsFile = (UnixFileMode)0b110_100_000;

    [Fact]
    [FailureMode("F31", "F107")]
    public async Task Guests_who_may_only_read_take_each_token_that_the_owner_saves_and_ask_for_none()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root becomes other users.");
        Assert.SkipUnless(OtherPrograms.WhyNoUnprivilegedChild is null, OtherPrograms.WhyNoUnprivilegedChild ?? "");
        await using SharedLogin login = await SharedLogin.StartAsync();
        await OtherPrograms.ChangeOwnerAsync(login.Directory.Path, Owner, Group);
        File.SetUnixFileMode(login.Directory.Path, GuestsDirectory);
        await using ChildProcess owner = await OtherPrograms.StartAsAsync(Owner, Group);
        ChildProcess[] guests = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => OtherPrograms.StartAsAsync(Guest, Group)));

        for (int round = 1; round <= Rounds; round++)
        {
            login.StoreExpired();
            await OtherPrograms.ChangeOwnerAsync(login.Path, Owner, Group);
            File.SetUnixFileMode(login.Path, GuestsFile);
            await owner.RunAsync(login.CreateCommand($"name={round}"));
            await Task.WhenAll(guests.Select(guest => guest.RunAsync($"{Following(login.Path)} name={round}")));
            Task<string>[] waiting = await Task.WhenAll(guests.Select(guest => guest.StartCommandAsync($"get 4 name={round}")));
            await Task.WhenAll(guests.Select(guest => guest.WaitUntilItWatchesTheFileAsync()));

            string token = await owner.RunAsync($"get name={round}");

            (await Task.WhenAll(waiting)).Should().OnlyContain(reply => reply == token);
            login.Books.Should().BeEquivalentTo(new { TokenRequests = round, Grants = round, Reuses = 0 });
        }

        Directory.GetFileSystemEntries(login.Directory.Path).Should().BeEquivalentTo([login.Path, login.LockPath]);
        (await guests[0].FailAsync("store access refresh in:3600 name=1")).Should().StartWith("TokenRefreshConfigurationException");
        (await guests[0].RunAsync("status name=1")).Should().StartWith("state=SignedIn");
        foreach (ChildProcess guest in guests)
        {
            await guest.DisposeAsync();
        }
    }

    [Fact]
    [FailureMode("F31")]
    public async Task Over_a_read_only_mount_the_owner_s_tokens_are_used_and_a_rejected_one_is_not_refreshed()
    {
        Assert.SkipUnless(PrivateMounts.WhyNone is null, PrivateMounts.WhyNone ?? "");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using PrivateMounts mounts = await PrivateMounts.StartAsync();
        using var mounted = new TempDirectory();
        await mounts.MountAsync("--bind", login.Directory.Path, mounted.Path);
        await mounts.MountAsync("-o", "remount,bind,ro", mounted.Path);
        string path = Path.Combine(mounted.Path, Path.GetFileName(login.Path));
        await using ChildProcess owner = await ChildProcess.StartAsync(TestProgram.Path);
        await using ChildProcess guest = await mounts.StartChildAsync();
        await owner.RunAsync(login.CreateCommand());
        await guest.RunAsync(login.CreateCommand("mode=FollowIfReadOnly", path));

        Task<string> waiting = await guest.StartCommandAsync("get 4");
        await guest.WaitUntilItWatchesTheFileAsync();
        string token = await owner.RunAsync("get");
        string adopted = await waiting;
        login.Server.ExpireAllAccessTokens();
        Task<string> rejected = await guest.StartCommandAsync($"api 1 {login.Server.ApiUri}x");
        await guest.WaitUntilItWatchesTheFileAsync();
        await owner.RunAsync("refresh last");

        adopted.Should().Be(token);
        (await rejected).Should().Be("200=1 failures=0");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 2, Reuses = 0 });
        Directory.GetFileSystemEntries(login.Directory.Path).Should().BeEquivalentTo([login.Path, login.LockPath]);
    }

    [Fact]
    [FailureMode("F31")]
    public async Task A_single_file_that_is_mounted_read_only_is_followed()
    {
        Assert.SkipUnless(PrivateMounts.WhyNone is null, PrivateMounts.WhyNone ?? "");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using PrivateMounts mounts = await PrivateMounts.StartAsync();
        await mounts.MountAsync("--bind", login.Path, login.Path);
        await mounts.MountAsync("-o", "remount,bind,ro", login.Path);
        await using ChildProcess guest = await mounts.StartChildAsync();
        await guest.RunAsync(login.CreateCommand("mode=FollowIfReadOnly lock-timeout=25001"));

        string status = await guest.RunAsync("status");

        status.Should().StartWith("state=AwaitingOwner").And.Contain("'FollowIfReadOnly'");
        login.Books.TokenRequests.Should().Be(0);
        Directory.GetFileSystemEntries(login.Directory.Path).Should().Equal(login.Path);
    }

    private static string Following(string path) => $"create path={Uri.EscapeDataString(path)} mode=Follow";
}
