using System.Globalization;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Kills;

/// <summary>A process is stopped (SIGSTOP) within its refresh, and goes on later.</summary>
public sealed class StopTests
{
    // The least that the options allow.
    private const string ShortLockTimeout = "refresh-timeout=1000 attempt-timeout=1000 save-timeout=100 lock-timeout=1200";
    private const string LongLockTimeout = "lock-timeout=600000";

    [Theory]
    [InlineData(Moment.Sent)]
    [InlineData(Moment.Processed)]
    [InlineData(Moment.Answered)]
    [InlineData(Moment.Temp)]
    [FailureMode("F29", "F5")]
    public async Task Others_time_out_on_a_stopped_process_and_serve_what_is_valid_until_it_goes_on(string moment)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess stopped, ChildProcess other) = (group.Children[0], group.Children[1]);
        await other.RunAsync(login.CreateCommand(ShortLockTimeout));
        string valid = await other.RunAsync("get");
        using ParkedRefresh refresh = await ParkedRefresh.StartAsync(stopped, login, moment, LongLockTimeout, isRejection: true);

        stopped.Stop();
        string refused = await other.RunAsync("refresh last 4");
        string served = await other.RunAsync("get 4");

        refused.Should().StartWith("fingerprints=- distinct=0 failures=4 failure=LockTimeoutException ")
            .And.MatchRegex(string.Create(CultureInfo.InvariantCulture, $"process '{stopped.Id} \\([^)]+\\)'"));
        served.Should().Be(valid);
        login.TempFiles.Should().ContainSingle("nobody sweeps the file of an exchange that is not over");
        stopped.Continue();
        string refreshed = await refresh.FinishAsync();
        (await other.RunAsync("refresh last 4")).Should().Be(refreshed).And.NotBe(valid);
        login.TempFiles.Should().BeEmpty();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0, FamiliesRevoked = 0 });
    }
}
