using System.Globalization;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Holders that are killed, stopped, or no program of ours.</summary>
public sealed class LockHolderTests
{
    // Far beyond what a kill, a wake and a request take, far below any time-out of the library here.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    // The least that the options allow.
    private const string ShortLockTimeout = "refresh-timeout=1000 attempt-timeout=1000 save-timeout=100 lock-timeout=1200";
    private const string LongLockTimeout = "lock-timeout=600000";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [FailureMode("F18")]
    public async Task The_next_process_has_the_lock_of_a_killed_one_at_once(bool isWaitingAlready)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess holder, ChildProcess next) = (group.Children[0], group.Children[1]);
        await group.RunAsync(login.CreateCommand(LongLockTimeout));
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        await holder.SendAsync("get");
        await parked.Arrived;
        Task<string>? get = null;
        if (isWaitingAlready)
        {
            get = await next.StartCommandAsync("get 8");
            await next.WaitUntilItAwaitsTheLockAsync();
        }

        await holder.KillAsync();
        parked.Drop();
        get ??= await next.StartCommandAsync("get 8");

        (await get.WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken)).Should().EndWith("distinct=1 failures=0");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F29", "F5")]
    public async Task A_stopped_holder_is_named_and_nobody_goes_past_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess holder, ChildProcess waiter) = (group.Children[0], group.Children[1]);
        await holder.RunAsync(login.CreateCommand(LongLockTimeout));
        await waiter.RunAsync(login.CreateCommand(ShortLockTimeout));
        string valid = (await group.RunAsync("get")).ShouldAgreeOnOneToken();
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        Task<string> refresh = await holder.StartCommandAsync("refresh last");
        await parked.Arrived;

        holder.Stop();
        string refused = await waiter.RunAsync("refresh last 4");
        string served = await waiter.RunAsync("get 4");

        refused.Should().StartWith("fingerprints=- distinct=0 failures=4 failure=LockTimeoutException")
            .And.Contain($"'{login.LockPath}'")
            .And.MatchRegex($"process '{holder.Id} \\([^)]+\\)'");
        served.Should().Be(valid, "a token that is still valid is served meanwhile");
        (await waiter.RunAsync("status")).Should().Contain(string.Create(CultureInfo.InvariantCulture, $"holder={holder.Id}"));
        login.Books.TokenRequests.Should().Be(1);

        holder.Continue();
        parked.Release();
        string refreshed = await refresh;
        (await waiter.RunAsync("refresh last 4")).Should().Be(refreshed).And.NotBe(valid);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F5", "F10")]
    public async Task The_flock_program_of_a_shell_script_blocks_us_and_no_request_goes_out()
    {
        Assert.SkipUnless(FlockProgram.IsPresent, FlockProgram.Missing);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        await group.RunAsync(login.CreateCommand(ShortLockTimeout));
        await using ChildProcess script = await FlockProgram.HoldAsync(login.LockPath);

        string[] refused = await group.RunAsync("get 8");

        refused.Should().OnlyContain(
            reply =>
                reply.Contains("failures=8 failure=LockTimeoutException", StringComparison.Ordinal)
                    && reply.Contains($"'{login.LockPath}'", StringComparison.Ordinal));
        login.Books.TokenRequests.Should().Be(0);

        script.CloseInput();
        await script.WaitForExitAsync();
        await group.RunAsync(login.CreateCommand($"{LongLockTimeout} name=patient"));
        (await group.RunAsync("get 8 name=patient")).ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
    }

    [Fact]
    [FailureMode("F10")]
    public async Task We_block_the_flock_program_of_a_shell_script()
    {
        Assert.SkipUnless(FlockProgram.IsPresent, FlockProgram.Missing);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess holder = await ChildProcess.StartAsync(TestProgram.Path);
        await holder.RunAsync(login.CreateCommand());
        using ParkedRequest parked = login.Server.ParkNextTokenRequest();
        Task<string> get = await holder.StartCommandAsync("get");
        await parked.Arrived;

        await using ChildProcess refused = await ChildProcess.StartProgramAsync(
            "flock",
            new ChildProcessOptions { Arguments = ["--nonblock", "--conflict-exit-code", "75", login.LockPath, "true"], ReadyLine = null });

        (await refused.WaitForExitAsync()).Should().Be(75);
        parked.Release();
        await get;
        await using ChildProcess granted = await ChildProcess.StartProgramAsync(
            "flock",
            new ChildProcessOptions { Arguments = ["--nonblock", login.LockPath, "true"], ReadyLine = null });
        (await granted.WaitForExitAsync()).Should().Be(0);
    }

    [Fact]
    [FailureMode("F28")]
    public async Task Waiters_leave_with_a_token_that_lands_without_ever_taking_the_lock()
    {
        Assert.SkipUnless(FlockProgram.IsPresent, FlockProgram.Missing);
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(3, TestProgram.Path);
        await group.RunAsync(login.CreateCommand(LongLockTimeout));
        await using ChildProcess holder = await FlockProgram.HoldAsync(login.LockPath);
        holder.Stop();
        Task<string>[] calls = await Task.WhenAll(group.Children.Select(child => child.StartCommandAsync("get 8")));
        await Task.WhenAll(group.Children.Select(child => child.WaitUntilItAwaitsTheLockAsync()));

        OAuthCredentials landed = login.StoreValid();

        string[] replies = await Task.WhenAll(calls).WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken);
        replies.Should().OnlyContain(reply => reply == Replies.OneToken(landed.AccessToken));
        holder.HasExited.Should().BeFalse("the lock was never to be had");
        login.Books.TokenRequests.Should().Be(0);
    }
}
