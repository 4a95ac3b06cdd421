using System.Globalization;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

public sealed class ChildProcessTests
{
    [Fact]
    public async Task A_child_replies_to_each_command()
    {
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        string reply = await child.RunAsync("echo hello");

        reply.Should().Be("hello");
        (await child.RunAsync("pid")).Should().Be(child.Id.ToString(CultureInfo.InvariantCulture));
        child.Output.Should().Contain("ok hello");
    }

    [Fact]
    public async Task A_failing_command_tells_type_and_message_and_the_child_goes_on()
    {
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        string error = await child.FailAsync("get 1 name=nobody");
        Func<Task> act = () => child.RunAsync("no-such-command");

        error.Should().StartWith("CommandException There is no provider 'nobody'");
        await act.Should().ThrowAsync<ChildProcessException>().WithMessage("*'no-such-command' is no command*");
        (await child.RunAsync("echo still-here")).Should().Be("still-here");
    }

    [Fact]
    public async Task A_background_command_does_not_hold_up_the_next_ones()
    {
        await using LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync();
        using ParkedRequest parked = server.ParkNextApiRequest();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        Task<string> background = await child.StartCommandAsync($"http 1 {server.ApiUri}x");
        await parked.Arrived;

        (await child.RunAsync("echo meanwhile")).Should().Be("meanwhile");
        background.IsCompleted.Should().BeFalse();
        parked.Release();
        (await background).Should().Be("401=1 failures=0");
    }

    [Fact]
    public async Task A_killed_child_fails_those_who_wait_for_its_reply()
    {
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        Task<string> hanging = await child.StartCommandAsync("hang");

        await child.KillAsync();

        await hanging.Invoking(task => task).Should().ThrowAsync<ChildProcessException>().WithMessage("*ended before it replied*");
        (await child.WaitForExitAsync()).Should().Be(128 + 9);
    }

    [Fact]
    public async Task A_stopped_child_does_nothing_until_it_is_continued()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        await using LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync();
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await using ChildProcess other = await ChildProcess.StartAsync(TestProgram.Path);

        child.Stop();
        Task<string> reply = child.RunAsync($"http 1 {server.ApiUri}x");
        await other.RunAsync($"http 1 {server.ApiUri}x");

        server.Books.ApiRequests.Should().Be(1);
        reply.IsCompleted.Should().BeFalse();
        child.Continue();
        (await reply).Should().StartWith("401=1");
    }

    [Fact]
    public async Task A_terminated_child_ends()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        child.Terminate();

        (await child.WaitForExitAsync()).Should().Be(128 + 15);
    }

    [Fact]
    public async Task A_child_whose_input_closes_ends_by_itself_whatever_it_is_doing()
    {
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        await child.SendAsync("hang");

        child.CloseInput();

        (await child.WaitForExitAsync()).Should().Be(0);
    }

    [Fact]
    public async Task A_child_can_be_told_to_exit()
    {
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        await child.RunAsync("exit 7");

        (await child.WaitForExitAsync()).Should().Be(7);
    }

    [Fact]
    public async Task A_stopped_child_is_killed_at_disposal()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGSTOP.");
        ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);
        child.Stop();

        await child.DisposeAsync();

        Action find = () => System.Diagnostics.Process.GetProcessById(child.Id);
        find.Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Environment_and_working_directory_reach_the_child()
    {
        var options = new ChildProcessOptions
        {
            WorkingDirectory = Path.GetTempPath(),
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["HOME"] = "/nowhere" },
        };
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path, options);

        string reply = await child.RunAsync("where");

        reply.Should().Be($"directory={Path.TrimEndingDirectorySeparator(Path.GetTempPath())} home=/nowhere");
    }

    [Fact]
    public async Task A_child_counts_its_threads_descriptors_and_processor_time()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Threads and descriptors are counted in /proc.");
        await using ChildProcess child = await ChildProcess.StartAsync(TestProgram.Path);

        // A thread bears the name of the one that started it until it has its own, so for a moment there may be two.
        (await child.RunAsync("threads commands")).Should().MatchRegex("^named=[1-9][0-9]* all=[0-9]+$");
        (await child.RunAsync("threads nobody")).Should().MatchRegex("^named=0 all=[0-9]+$");
        (await child.RunAsync("threads")).Should().StartWith("named=0 ");
        (await child.RunAsync("fds pipe:")).Should().MatchRegex("^named=[1-9][0-9]* all=[0-9]+$");
        (await child.RunAsync("cputime")).Should().MatchRegex("^ms=[0-9]+$");
    }

    [Fact]
    public async Task A_group_meets_at_one_moment()
    {
        const int children = 3;
        await using LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync();
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(children, TestProgram.Path);
        await group.RunAsync($"http 1 {server.ControlUri}ping");
        using ApiBarrier barrier = server.HoldApiRequests(children * 4);

        string[] replies = await group.RunAtOnceAsync($"http 4 {server.ApiUri}x");

        replies.Should().OnlyContain(reply => reply == "401=4 failures=0");
        server.Books.ApiRequests.Should().Be(children * 4);
    }
}
