using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>The lock file itself: deleted by others, switched off by the environment, reached by several names.</summary>
[Collection(nameof(EightProcesses))]
public sealed class LockFileTests(EightProcesses processes)
{
    private static readonly TimeSpan BetweenDeletions = TimeSpan.FromMilliseconds(2);

    [Fact]
    [FailureMode("F22")]
    public async Task A_program_that_keeps_deleting_the_lock_file_makes_no_exchanges_overlap()
    {
        const int rounds = 30;
        await using SharedLogin login = await SharedLogin.StartAsync(
            new LoopbackAuthorizationServerOptions { Latency = TimeSpan.FromMilliseconds(10) });
        using var enough = new CancellationTokenSource();
        Task deletions = DeleteAgainAndAgainAsync(login.LockPath, enough.Token);

        for (var round = 1; round <= rounds; round++)
        {
            login.StoreExpired();
            string[] replies = await processes.RunAtOnceAsync(login, "get 8");

            replies.ShouldAgreeOnOneToken();
            login.Books.Grants.Should().Be(round, "each round is one expiry");
        }

        await enough.CancelAsync();
        await deletions;
        login.Books.Should().BeEquivalentTo(new { TokenRequests = rounds, InFlightMaximum = 1, Reuses = 0, FamiliesRevoked = 0 });
        login.TempFiles.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F22")]
    public async Task An_exchange_under_a_deleted_lock_file_is_waited_for()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets no one delete an open lock file.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        string name = await processes.CreateAsync(login, "attempt-timeout=60000 refresh-timeout=60000 lock-timeout=90000");
        (ChildProcess holder, ChildProcess other) = (processes.Children[0], processes.Children[1]);
        using ParkedExchange<string> parked = await login.ParkAsync(holder, $"get name={name}");
        var hasTriedTwice = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var looks = 0;
        using var watcher = new FileSystemWatcher(login.Directory.Path, $"*.{other.Id}.*.tokenrefresh.tmp");
        watcher.Created += (_, _) =>
        {
            if (Interlocked.Increment(ref looks) == 2)
            {
                hasTriedTwice.TrySetResult();
            }
        };
        watcher.EnableRaisingEvents = true;

        File.Delete(login.LockPath);
        Task<string> second = await other.StartCommandAsync($"get name={name}");
        await hasTriedTwice.Task.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);

        login.Books.TokenRequests.Should().Be(1);
        second.IsCompleted.Should().BeFalse();
        parked.Release();
        new[] { await parked.Caller, await second }.ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
        await processes.DisposeAsync(name);
    }

    [Fact]
    [FailureMode("F24")]
    public async Task Processes_whose_environment_switches_managed_locks_off_exclude_all_the_same()
    {
        const int rounds = 10;
        var options = new ChildProcessOptions
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1" },
        };
        await using SharedLogin login = await SharedLogin.StartAsync(
            new LoopbackAuthorizationServerOptions { Latency = TimeSpan.FromMilliseconds(10) });
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(3, TestProgram.Path, _ => options);

        for (var round = 1; round <= rounds; round++)
        {
            login.StoreExpired();
            await group.RunAsync(login.CreateCommand($"name=p{round}"));
            (await group.RunAtOnceAsync($"get 8 name=p{round}")).ShouldAgreeOnOneToken();
        }

        login.Books.Should().BeEquivalentTo(new { TokenRequests = rounds, InFlightMaximum = 1, Reuses = 0, FamiliesRevoked = 0 });
    }

    [Fact]
    [FailureMode("F6")]
    public async Task Processes_that_reach_the_file_by_different_names_share_its_lock()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Symbolic links need a privilege on Windows.");
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using var elsewhere = new TempDirectory();
        string fileLink = Path.Combine(elsewhere.Path, "credentials");
        string directoryLink = Path.Combine(elsewhere.Path, "directory");
        File.CreateSymbolicLink(fileLink, login.Path);
        Directory.CreateSymbolicLink(directoryLink, login.Directory.Path);
        (string Path, ChildProcessOptions Options)[] ways =
        [
            (login.Path, new ChildProcessOptions()),
            (fileLink, With("TMPDIR", elsewhere.Path)),
            (Path.Combine(directoryLink, ".credentials.json"), With("XDG_CONFIG_HOME", elsewhere.Path)),
            ("./.credentials.json", new ChildProcessOptions { WorkingDirectory = login.Directory.Path }),
            ("~/.credentials.json", With("HOME", login.Directory.Path)),
        ];
        await using ChildProcessGroup group = await ChildProcessGroup.StartAsync(ways.Length, TestProgram.Path, i => ways[i].Options);
        await group.RunAsync(i => login.CreateCommand(path: ways[i].Path));

        using ParkedExchange<string> parked = await login.ParkAsync(group.Children[0], "get 4");
        Task<string>[] others = await Task.WhenAll(group.Children.Skip(1).Select(child => child.StartCommandAsync("get 4")));
        await Task.WhenAll(group.Children.Skip(1).Select(child => child.WaitUntilItAwaitsTheLockAsync()));
        parked.Release();

        (await Task.WhenAll([parked.Caller, .. others])).ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Reuses = 0 });
        Directory.GetFiles(login.Directory.Path, "*.lock").Should().Equal(login.LockPath);
        Directory.GetFiles(elsewhere.Path, "*.lock").Should().BeEmpty();
    }

    private static ChildProcessOptions With(string name, string value) =>
        new() { Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { [name] = value } };

    private static async Task DeleteAgainAndAgainAsync(string path, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            File.Delete(path);
            await Task.Delay(BetweenDeletions, TimeProvider.System, CancellationToken.None);
        }
    }
}
