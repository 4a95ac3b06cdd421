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

    // A turn is a request, its save and the next grant, which take some 10 ms.
    private const int MostTurns = 50;

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
        using ParkedExchange<string> parked = await login.ParkAsync(holder);
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
    public async Task A_stopped_holder_is_named_and_no_one_goes_past_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        await using SharedLogin login = await SharedLogin.StartAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess holder, ChildProcess waiter) = (group.Children[0], group.Children[1]);
        await holder.RunAsync(login.CreateCommand(LongLockTimeout));
        await waiter.RunAsync(login.CreateCommand(ShortLockTimeout));
        string valid = (await group.RunAsync("get")).ShouldAgreeOnOneToken();
        using ParkedExchange<string> parked = await login.ParkAsync(holder, "refresh last");

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
        string refreshed = await parked.FinishAsync();
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
        using ParkedExchange<string> parked = await login.ParkAsync(holder);

        await using ChildProcess refused = await ChildProcess.StartProgramAsync(
            "flock",
            new ChildProcessOptions { Arguments = ["--nonblock", "--conflict-exit-code", "75", login.LockPath, "true"], ReadyLine = null });

        (await refused.WaitForExitAsync()).Should().Be(75);
        await parked.FinishAsync();
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

    [Theory]
    [InlineData("handler")]
    [InlineData("blocked-handler")]
    [InlineData("answered")]
    [FailureMode("F104")]
    public async Task A_handler_that_hangs_gives_the_lock_back_and_sends_nothing_later(string place)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess hanging, ChildProcess other) = (group.Children[0], group.Children[1]);

        // What a process does for the first time takes a busy machine seconds, and one of these must come to its answer.
        await hanging.RunAsync($"http 1 {login.Server.ControlUri}ping");
        await hanging.RunAsync(
            login.CreateCommand($"refresh-timeout=5000 attempt-timeout=5000 save-timeout=100 lock-timeout=6000 park={place}"));
        await other.RunAsync(login.CreateCommand(LongLockTimeout));
        Task<string> get = await hanging.StartCommandAsync("get 4");
        await hanging.ExpectAsync("reached");

        await other.RunAsync("store access refresh in:3600");

        (await get).Should().StartWith("fingerprints=- distinct=0 failures=4 failure=")
            .And.Contain(place == "answered" ? "its answer was lost" : "did not end at the deadline of the refresh ('RefreshTimeout')");
        await hanging.RunAsync("pass");
        (await hanging.RunAsync("get")).Should().Be(Replies.OneToken("access"));
        await hanging.RunAsync("dispose");
        login.Books.TokenRequests.Should().Be(place == "answered" ? 1 : 0);
    }

    [Theory]
    [InlineData("busy")]
    [InlineData("stores 1000000")]
    [FailureMode("F105")]
    public async Task Eight_busy_providers_of_one_process_leave_a_sign_in_in_another_its_turn(string work)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.ExpiresAtOnce;
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(2, TestProgram.Path);
        (ChildProcess busy, ChildProcess other) = (group.Children[0], group.Children[1]);
        await other.RunAsync(login.CreateCommand(LongLockTimeout));
        using ParkedRequest parked = login.Server.ParkNextTokenRequest(behavior: TokenEndpointBehavior.ExpiresAtOnce);
        var working = new List<Task<string>>();
        for (int i = 0; i < 8; i++)
        {
            await busy.RunAsync(login.CreateCommand($"{LongLockTimeout} name=p{i}"));
            working.Add(await busy.StartCommandAsync(i == 0 ? "busy name=p0" : $"{work} name=p{i}"));
            await parked.Arrived;
        }

        Task<string> signIn = await other.StartCommandAsync("store access refresh in:3600");
        await other.WaitUntilItAwaitsTheLockAsync();
        parked.Release();
        await signIn;

        TestContext.Current.TestOutputHelper!.WriteLine($"turns {login.Books.TokenRequests}");
        if (work == "busy")
        {
            (await Task.WhenAll(working)).Should().OnlyContain(token => token == TokenFingerprint.Of("access"));
            login.Books.TokenRequests.Should().BeLessThan(MostTurns, "the sign-in has its turn soon");
            login.Books.Reuses.Should().Be(0);
        }
        else
        {
            working.Should().NotContain(task => task.IsFaulted).And.Contain(task => !task.IsCompleted, "the others are still at work");
        }
    }
}
