using System.Globalization;
using System.Text.Json.Nodes;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.OtherOwners;

/// <summary>Node processes with the real package and processes of ours share one login by the same two lock directories.</summary>
public sealed class ProperLockfileTests(ThreeProcesses ours, NodePackage node, ITestOutputHelper output)
    : IClassFixture<ThreeProcesses>, IClassFixture<NodePackage>
{
    private const int Callers = 4;

    // A process has a head start in turn, or one kind would refresh always.
    private const int HeadStart = 25;

    // The shortest that the package takes.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(60);

    private static int Rounds => Setting("TOKENREFRESH_MIXED_ROUNDS", fallback: 20);

    private static int Kills => Setting("TOKENREFRESH_MIXED_KILLS", fallback: 0);

    [Fact]
    [FailureMode("F1", "F20", "F32")]
    public async Task Each_expiry_costs_one_request_over_node_and_dotnet_processes()
    {
        node.SkipWhereMissing();
        await using SharedLogin login = await SharedLogin.StartAsync();
        await using NodeProcesses theirs = await node.StartAsync(login, ThreeProcesses.Count, Usual);

        for (var round = 1; round <= Rounds; round++)
        {
            Expire(login);
            var name = $"mixed{round}";
            await ours.Group.RunAsync(login.CreateCommand($"{Locks(Usual)} name={name}"));
            long start = (TimeProvider.System.GetUtcNow() + TimeSpan.FromMilliseconds(30)).ToUnixTimeMilliseconds();
            (long our, long their) = round % 2 == 0 ? (start, start + HeadStart) : (start + HeadStart, start);
            Task<string[]> byThem = theirs.RunAsync($"at {their} get");
            string[] byUs = await ours.Group.RunAsync($"at {our} get {Callers} name={name}");
            string[] replies = [.. byUs, .. await byThem];
            await ours.Group.RunAsync($"dispose name={name}");

            replies.ShouldAgreeOnOneToken();
            login.Books.TokenRequests.Should().Be(round, "each round is one expiry");
        }

        int byNode = (await theirs.RunAsync("refreshes")).Sum(int.Parse);
        output.WriteLine($"{Rounds} expiries, {byNode} refreshes by Node, {Rounds - byNode} by .NET; {login.Books}");
        login.Books.Should().BeEquivalentTo(
            new { Grants = Rounds, Reuses = 0, FamiliesRevoked = 0, InvalidRequests = 0, InFlightMaximum = 1 });
        byNode.Should().BeInRange(1, Rounds - 1, "both kinds refresh");
        (await theirs.RunAsync("compromised")).Should().OnlyContain(count => count == "0");
        Locked(login).Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F18", "F20")]
    public async Task A_killed_node_holder_is_taken_over_and_everyone_gets_the_token()
    {
        node.SkipWhereMissing();
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using NodeProcesses theirs = await node.StartAsync(login, 2, Shortest);
        await theirs[0].RunAsync("hold");
        await ours.Group.RunAsync(login.CreateCommand($"{Locks(Shortest)} name=killed"));

        await theirs[0].KillAsync();
        Locked(login).Should().HaveCount(2, "a kill leaves the directories behind");
        string[] replies = await ours.Group.RunAsync($"get {Callers} name=killed");

        string[] all = [.. replies, await theirs[1].RunAsync("get")];
        all.ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0 });
        Locked(login).Should().BeEmpty();
        await ours.Group.RunAsync("dispose name=killed");
    }

    [Fact]
    [FailureMode("F18", "F20")]
    public async Task A_killed_dotnet_holder_is_taken_over_by_the_package()
    {
        node.SkipWhereMissing();
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using NodeProcesses theirs = await node.StartAsync(login, 1, Shortest);
        await using ChildProcess killed = await ChildProcess.StartAsync(TestProgram.Path);
        await killed.RunAsync(login.CreateCommand(Locks(Shortest)));
        using ParkedExchange<string> parked = await login.ParkAsync(killed);

        // The server never learns of that request.
        await killed.KillAsync();
        parked.Drop();
        Locked(login).Should().HaveCount(2, "a kill leaves the directories behind");
        string reply = await theirs[0].RunAsync("get");

        await ours.First.RunAsync(login.CreateCommand($"{Locks(Shortest)} name=heir"));
        string[] all = [reply, await ours.First.RunAsync("get name=heir")];
        all.ShouldAgreeOnOneToken();
        login.Books.Should().BeEquivalentTo(new { Grants = 1, Reuses = 0 });
        Locked(login).Should().BeEmpty();
        await ours.First.RunAsync("dispose name=heir");
    }

    [Fact]
    [FailureMode("F20")]
    public async Task The_package_sees_our_heartbeat_and_does_not_take_the_lock()
    {
        node.SkipWhereMissing();
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        await using NodeProcesses theirs = await node.StartAsync(login, 2, Short);
        await theirs[0].RunAsync("hold-second");
        await ours.First.RunAsync(login.CreateCommand($"{Locks(Short)} name=beating"));
        Task<string> waiting = await ours.First.StartCommandAsync("get name=beating");
        await HeartbeatAsync(login);

        string outcome = await theirs[1].RunAsync("try 4500");

        outcome.Should().Be("refused", "the first lock is held and renewed while the second is waited for");
        await theirs[0].RunAsync("release");
        new[] { await waiting }.ShouldAgreeOnOneToken();
        (await theirs[0].RunAsync("compromised")).Should().Be("0");
        await ours.First.RunAsync("dispose name=beating");
    }

    [Fact]
    [FailureMode("F18", "F20")]
    public async Task Kills_of_both_kinds_in_the_midst_of_an_exchange_cost_no_login()
    {
        Assert.SkipWhen(Kills == 0, "Takes some seconds for each kill; TOKENREFRESH_MIXED_KILLS is their number.");
        node.SkipWhereMissing();
        await using SharedLogin login = await SharedLogin.StartAsync();

        // One Node process: two would compete for the lock that a killed one leaves, and may both get it.
        NodeProcesses theirs = await node.StartAsync(login, 1, Shortest);
        ChildProcess[] all =
            [theirs[0], await ChildProcess.StartAsync(TestProgram.Path), await ChildProcess.StartAsync(TestProgram.Path)];
        int killedNodes = 0;
        for (var round = 1; round <= Kills; round++)
        {
            Expire(login);
            using ParkedRequest parked = login.Server.ParkNextTokenRequest();
            Task<string>[] gets = [.. await Task.WhenAll(all.Select((child, i) => StartGetAsync(login, child, i, round)))];
            await parked.Arrived;
            string sender = login.Server.ReceivedTokenRequests[^1].Headers["X-Sender"];
            int killed = sender == "node" ? 0 : int.Parse(sender, CultureInfo.InvariantCulture);
            await all[killed].KillAsync();
            parked.Drop();

            (await Task.WhenAll(gets.Where((_, i) => i != killed))).ShouldAgreeOnOneToken();
            login.Books.Should().BeEquivalentTo(new { Grants = round, Reuses = 0, FamiliesRevoked = 0 });
            killedNodes += killed == 0 ? 1 : 0;
            await all[killed].DisposeAsync();
            all[killed] = killed == 0
                ? (await node.StartAsync(login, 1, Shortest))[0]
                : await ChildProcess.StartAsync(TestProgram.Path);
        }

        output.WriteLine($"{Kills} kills, {killedNodes} of them of Node; {login.Books}");
        foreach (ChildProcess child in all)
        {
            await child.DisposeAsync();
        }
    }

    // A provider for each expiry: one that has a valid token does not look at the file. Who begins, is drawn.
    private static async Task<Task<string>> StartGetAsync(SharedLogin login, ChildProcess child, int index, int round)
    {
        long start = (TimeProvider.System.GetUtcNow() + TimeSpan.FromMilliseconds(Random.Shared.Next(60))).ToUnixTimeMilliseconds();
        if (index == 0)
        {
            return await child.StartCommandAsync($"at {start} get");
        }

        await child.RunAsync(login.CreateCommand($"{Locks(Shortest)} sender={index} name=r{round}"));
        return await child.StartCommandAsync($"at {start} get {Callers} name=r{round}");
    }

    private static int Setting(string variable, int fallback) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : fallback;

    // The limits of a refresh must end before the lock is stale.
    private static string Locks(TimeSpan staleAfter) =>
        $"locks={staleAfter.TotalMilliseconds}"
        + (staleAfter < Usual ? " refresh-timeout=1500 attempt-timeout=1500 save-timeout=400" : "");

    private static string[] Locked(SharedLogin login) =>
    [
        .. new[] { Path.Combine(login.Directory.Path, ".oauth_refresh.lock"), $"{login.Directory.Path}.lock" }.Where(Directory.Exists),
    ];

    // One try of ours precedes the wait, and lets go again.
    private static async Task HeartbeatAsync(SharedLogin login)
    {
        string path = Path.Combine(login.Directory.Path, ".oauth_refresh.lock");
        long start = TimeProvider.System.GetTimestamp();
        DateTime? first = null;
        DateTime renewed;
        do
        {
            TimeProvider.System.GetElapsedTime(start).Should().BeLessThan(TimeSpan.FromSeconds(30), "the lock is held and renewed");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            renewed = Directory.GetLastWriteTimeUtc(path);
            first ??= renewed > DateTime.UnixEpoch ? renewed : null;
        }
        while (first is null || renewed < first + TimeSpan.FromMilliseconds(900));
    }

    /// <summary>Makes the stored access token look expired; the login stays the same, so that a reuse would end it.</summary>
    private static void Expire(SharedLogin login)
    {
        JsonNode document = JsonNode.Parse(File.ReadAllText(login.Path))!;
        document["claudeAiOauth"]!["expiresAt"] = 1_000_000_000_000;
        File.WriteAllText($"{login.Path}.new", document.ToJsonString());
        File.Move($"{login.Path}.new", login.Path, overwrite: true);
    }
}
