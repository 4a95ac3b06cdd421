using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>A process that is told to end while its exchange is in flight.</summary>
public sealed class ExitTests
{
    private const int TerminatedBySigterm = 128 + 15;

    private static readonly string[] EndingSignals = ["SIGHUP", "SIGINT", "SIGTERM"];
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData("SIGHUP", 1)]
    [InlineData("SIGINT", 2)]
    [InlineData("SIGTERM", 15)]
    [FailureMode("F37", "F84")]
    public async Task A_signal_during_an_exchange_ends_the_process_after_the_tokens_are_saved(string signal, int number)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), $"Windows has no {signal}.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await SkipWhereIgnoredAsync(child, signal);
        await child.RunAsync(login.CreateCommand());
        using ParkedExchange<string> parked = await login.ParkAsync(child);

        child.Signal(number);
        parked.Release();

        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken))
            .Should().Be(128 + number);
        await ShouldHaveSavedTheOnlyPairAsync(login);
    }

    [Theory]
    [InlineData("SIGHUP", 1)]
    [InlineData("SIGINT", 2)]
    [InlineData("SIGTERM", 15)]
    [FailureMode("F37")]
    public async Task A_second_signal_ends_the_process_at_once(string signal, int number)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Pending signals are read from /proc.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await SkipWhereIgnoredAsync(child, signal);
        await child.RunAsync(login.CreateCommand());
        using ParkedExchange<string> parked = await login.ParkAsync(child);

        child.Signal(number);
        await child.WaitUntilNoSignalIsPendingAsync();
        child.Signal(number);

        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken))
            .Should().Be(128 + number);
        login.Books.Grants.Should().Be(0, "the exchange was still parked");
        parked.Drop();
    }

    [Fact]
    public async Task A_signal_during_an_exchange_that_is_never_answered_ends_the_process_by_the_deadline()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        // What a process does for the first time takes a busy machine seconds, which are not to count against so short a deadline.
        await child.RunAsync($"http 1 {login.Server.ControlUri}ping");
        await child.RunAsync(
            login.CreateCommand(
                $"attempt-timeout={Deadline.TotalMilliseconds} refresh-timeout={Deadline.TotalMilliseconds} "
                    + "save-timeout=1000 lock-timeout=10000"));
        long start = TimeProvider.System.GetTimestamp();
        using ParkedExchange<string> parked = await login.ParkAsync(child);

        child.Terminate();

        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken))
            .Should().Be(TerminatedBySigterm);
        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(Deadline, "until then an answer may come");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 0 });
        parked.Drop();
    }

    [Theory]
    [InlineData(false, TerminatedBySigterm)]
    [InlineData(true, 3)]
    [FailureMode("F37")]
    public async Task An_exit_during_a_save_that_hangs_waits_for_the_deadline_and_no_longer(bool isItsOwn, int exitCode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        // As above: the exchange of a cold process on a busy machine must not come to its own end first.
        await child.RunAsync($"http 1 {login.Server.ControlUri}ping");
        await child.RunAsync(
            login.CreateCommand("park=temp attempt-timeout=5000 refresh-timeout=5000 save-timeout=1000 lock-timeout=10000"));
        await child.StartCommandAsync("get");
        await child.ExpectAsync("reached temp");
        long start = TimeProvider.System.GetTimestamp();

        if (isItsOwn)
        {
            await child.SendAsync($"quit {exitCode}");
        }
        else
        {
            child.Terminate();
        }

        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken)).Should().Be(exitCode);
        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds(6), "until then the save may end");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1 });
    }

    [Theory]
    [InlineData("exit 3")]
    [InlineData("quit 3")]
    [FailureMode("F37")]
    public async Task A_program_that_exits_during_an_exchange_ends_after_the_tokens_are_saved(string exit)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());
        using ParkedExchange<string> parked = await login.ParkAsync(child);

        await child.SendAsync(exit);
        parked.Release();

        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken)).Should().Be(3);
        await ShouldHaveSavedTheOnlyPairAsync(login);
    }

    [Fact]
    public async Task Without_an_exchange_in_flight_sigterm_ends_the_process_as_if_the_library_were_not_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());
        await child.RunAsync("get");

        child.Terminate();

        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken))
            .Should().Be(TerminatedBySigterm);
    }

    [Fact]
    [FailureMode("F37", "F84")]
    public async Task A_program_that_survives_a_signal_during_an_exchange_has_its_tokens_and_its_signal_handling_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signal handlers are read from /proc.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());
        await child.RunAsync("survive 1");
        string handled = await child.RunAsync("handled");

        string guarded = string.Join(',', EndingSignals.Except(await IgnoredAsync(child)));
        using ParkedExchange<string> parked = await login.ParkAsync(child);
        (await child.RunAsync("handled")).Should().Be(guarded, "an exchange in flight is guarded");

        child.Terminate();
        parked.Release();

        await child.ExpectAsync("survived");
        (await child.RunAsync("get")).Should().Be(await parked.Caller, "the process lives on").And.EndWith("distinct=1 failures=0");
        (await child.RunAsync("handled")).Should().Be(handled);
        child.Terminate();
        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken))
            .Should().Be(TerminatedBySigterm);
        await ShouldHaveSavedTheOnlyPairAsync(login);
    }

    [Fact]
    [FailureMode("F37")]
    public async Task A_program_that_survives_one_signal_ends_at_once_with_the_next()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads are read from /proc.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.RunAsync(login.CreateCommand());
        await child.RunAsync("survive 1");
        using ParkedExchange<string> parked = await login.ParkAsync(child);

        child.Terminate();
        await child.WaitUntilItHandlesASignalAsync();
        child.Terminate();

        (await child.WaitForExitAsync().WaitAsync(Soon, TimeProvider.System, TestContext.Current.CancellationToken))
            .Should().Be(TerminatedBySigterm);
        child.Output.Should().Contain("ending", "it has heard of both");
        login.Books.Grants.Should().Be(0, "the exchange was still parked");
        parked.Drop();
    }

    private static async Task SkipWhereIgnoredAsync(ChildProcess child, string signal) =>
        Assert.SkipWhen((await IgnoredAsync(child)).Contains(signal), $"This run was started to ignore {signal}.");

    // What a process was started to ignore, by nohup for one, it goes on ignoring, and so do its children.
    private static async Task<string[]> IgnoredAsync(ChildProcess child) =>
        OperatingSystem.IsLinux() ? (await child.RunAsync("ignored")).Split(',') : [];

    private static async Task ShouldHaveSavedTheOnlyPairAsync(SharedLogin login)
    {
        await using ChildProcess next = await ChildProcess.StartAsync(TestProgram.Path);
        await next.RunAsync(login.CreateCommand());
        (await next.RunAsync("get")).Should().EndWith("distinct=1 failures=0");
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0 });
    }
}
