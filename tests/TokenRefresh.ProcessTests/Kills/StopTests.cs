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

    // Long enough for a warm process to send a request on a busy machine, and short enough to be outlasted.
    private const string Deadlines = "refresh-timeout=5000 attempt-timeout=5000 save-timeout=400 lock-timeout=6000";

    // All of those, and the second more that a client gets to end its exchange.
    private static readonly TimeSpan BeyondAllDeadlines = TimeSpan.FromSeconds(8);

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
        login.TempFiles.Should().ContainSingle("no one sweeps the file of an exchange that is not over");
        stopped.Continue();
        string refreshed = await refresh.FinishAsync();
        (await other.RunAsync("refresh last 4")).Should().Be(refreshed).And.NotBe(valid);
        login.TempFiles.Should().BeEmpty();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0, FamiliesRevoked = 0 });
    }

    [Fact]
    [FailureMode("F100")]
    public Task An_answer_that_came_while_the_process_was_stopped_beyond_all_its_deadlines_is_used() =>
        Task.WhenAll(
            UseTheAnswerAsync(),
            UseTheAnswerAsync(meanwhile: "block 60", after: "unblock"),
            UseTheAnswerAsync(meanwhile: "api 80 {0} send=sync"));

    [Fact]
    [FailureMode("F100", "F37")]
    public Task An_end_that_waits_for_the_answer_waits_also_for_one_that_came_while_the_process_was_stopped() =>
        Task.WhenAll(EndWithTheAnswerAsync(isExit: true), EndWithTheAnswerAsync(isExit: false));

    [Fact]
    [FailureMode("F100")]
    public Task A_waiter_that_was_stopped_beyond_its_time_out_takes_what_came_meanwhile() =>
        Task.WhenAll(TakeWhatCameAsync("get"), TakeWhatCameAsync("store access refresh in:3600"));

    // Each case has its own processes; together they wait only once for the time to pass.
    private static async Task UseTheAnswerAsync(string? meanwhile = null, string? after = null)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess stopped, ChildProcess other) = (group.Children[0], group.Children[1]);
        await stopped.RunAsync($"http 1 {login.Server.ControlUri}ping");
        await stopped.RunAsync(login.CreateCommand(Deadlines));
        await other.RunAsync(login.CreateCommand(LongLockTimeout));
        using ParkedExchange<string> parked = await login.ParkAsync(stopped, "get 4", ParkPoint.AfterProcessing);
        Task<string>? crowd = meanwhile is null
            ? null
            : await stopped.StartCommandAsync(string.Format(CultureInfo.InvariantCulture, meanwhile, login.Server.ApiUri));

        stopped.Stop();
        parked.Release();
        await login.Server.WaitForTokenRequestsToEndAsync();
        await PassAsync(BeyondAllDeadlines);
        stopped.Continue();

        // Before the pool works again.
        string saved = await other.RunAsync("get 4");
        if (after is not null)
        {
            await stopped.RunAsync(after);
        }

        (await parked.Caller).Should().Be(saved).And.EndWith("distinct=1 failures=0");
        (crowd is null ? "" : await crowd).Should().BeOneOf("", "200=80 failures=0");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0, FamiliesRevoked = 0 });
    }

    private static async Task EndWithTheAnswerAsync(bool isExit)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess stopped, ChildProcess other) = (group.Children[0], group.Children[1]);
        await stopped.RunAsync($"http 1 {login.Server.ControlUri}ping");
        await stopped.RunAsync(login.CreateCommand(Deadlines));
        await other.RunAsync(login.CreateCommand(LongLockTimeout));
        using ParkedExchange<string> parked = await login.ParkAsync(stopped, point: ParkPoint.AfterProcessing);
        if (isExit)
        {
            stopped.Terminate();
            await stopped.WaitUntilItHandlesASignalAsync();
        }
        else
        {
            await stopped.SendAsync("& end dispose");
            await stopped.WaitUntilItIsDisposedAsync();
        }

        stopped.Stop();
        parked.Release();
        await login.Server.WaitForTokenRequestsToEndAsync();
        await PassAsync(BeyondAllDeadlines);
        stopped.Continue();

        string saved = await other.RunAsync("get");
        if (isExit)
        {
            (await stopped.WaitForExitAsync()).Should().Be(143);
        }
        else
        {
            (await parked.Caller).Should().Be(saved);
        }

        saved.Should().EndWith("distinct=1 failures=0");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0, FamiliesRevoked = 0 });
    }

    private static async Task TakeWhatCameAsync(string command)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess holder, ChildProcess stopped) = (group.Children[0], group.Children[1]);
        await holder.RunAsync(login.CreateCommand(LongLockTimeout));
        await stopped.RunAsync($"http 1 {login.Server.ControlUri}ping");
        await stopped.RunAsync(login.CreateCommand(Deadlines));
        using ParkedExchange<string> parked = await login.ParkAsync(holder);
        Task<string> waiting = await stopped.StartCommandAsync(command);
        await stopped.WaitUntilItAwaitsTheLockAsync();

        stopped.Stop();
        string saved = await parked.FinishAsync();
        await PassAsync(BeyondAllDeadlines);
        stopped.Continue();

        (await waiting).Should().Be(command == "get" ? saved : "");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0 });
    }

    // What must pass here is the time itself: a stopped process has the system's clock.
    private static Task PassAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System, TestContext.Current.CancellationToken);
}
