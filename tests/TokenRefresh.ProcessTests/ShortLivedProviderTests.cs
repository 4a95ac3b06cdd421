using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

public sealed class ShortLivedProviderTests
{
    private const int CyclesWithAToken = 9_800;
    private const int CyclesBehindAStoppedHolder = 200;

    [Fact]
    [FailureMode("F98")]
    public async Task Ten_thousand_providers_of_one_file_leave_one_thread_one_watch_and_one_descriptor_at_most()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads and descriptors are counted in /proc.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess holder, ChildProcess child) = (group.Children[0], group.Children[1]);
        await group.RunAsync(login.CreateCommand("lock-timeout=600000"));

        (await child.RunAsync($"short {CyclesWithAToken}")).Should().EndWith("distinct=1 givenUp=0");
        login.StoreExpired();
        using ParkedExchange<string> parked = await login.ParkAsync(holder);
        holder.Stop();
        string behind = await child.RunAsync($"short {CyclesBehindAStoppedHolder} patience=2");

        behind.Should().EndWith($"distinct=0 givenUp={CyclesBehindAStoppedHolder}");
        await ShouldHaveAtMostOneOfEachAsync(child);
        holder.Continue();
        parked.Release();
        (await child.RunAsync("get")).Should().Be(await parked.Caller);
        await ShouldHaveAtMostOneOfEachAsync(child);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    private static async Task ShouldHaveAtMostOneOfEachAsync(ChildProcess child)
    {
        await child.RunAsync("collect");
        (await child.RunAsync($"threads {Replies.LockThread}")).Should().MatchRegex("^named=[01] all=([0-9]|[1-4][0-9])$");
        (await child.RunAsync($"threads {Replies.WatchThread}")).Should().MatchRegex("^named=[01] ");
        (await child.RunAsync("fds inotify")).Should().MatchRegex("^named=[01] all=([0-9]{1,2}|1[0-9]{2})$");
        (await child.RunAsync($"fds {SharedLogin.LockSuffix}")).Should().MatchRegex("^named=[01] ");
    }
}
