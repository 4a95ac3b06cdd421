using System.Globalization;
using TokenRefresh.TestKit;

namespace TokenRefresh.Benchmarks.Workers;

/// <summary>One process that refreshes, many that wait for it, and the server that all of them know.</summary>
internal sealed class WorkerGroup : IAsyncDisposable
{
    private static readonly TimeSpan TimeToBlock = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan TimeToPark = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromMilliseconds(250);

    private readonly WorkDirectory _directory = new();
    private readonly LoopbackAuthorizationServer _server;
    private readonly ChildProcessGroup _children;
    private int _hoursAhead;

    private WorkerGroup(LoopbackAuthorizationServer server, ChildProcessGroup children)
    {
        _server = server;
        _children = children;
    }

    private ChildProcess Leader => _children.Children[0];

    // The hour of the last round's token is over by then, for those too who sat that round out.
    private string Get => string.Create(CultureInfo.InvariantCulture, $"get\t{_hoursAhead}");

    /// <summary>Starts a leader and this many waiters.</summary>
    /// <param name="waiters">How many.</param>
    /// <param name="isTiered">With the runtime's default of compiling each method twice; otherwise once, so that no method is compiled anew in a counted round.</param>
    internal static async Task<WorkerGroup> StartAsync(int waiters, bool isTiered = false)
    {
        LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync();
        var options = new ChildProcessOptions
        {
            Arguments = [WorkerProgram.Verb],
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOTNET_TieredCompilation"] = isTiered ? null : "0" },
        };
        return new WorkerGroup(server, await ChildProcessGroup.StartAsync(waiters + 1, typeof(WorkerGroup).Assembly.Location, _ => options));
    }

    /// <summary>Gives all of them a new login, expired, and this way of coordination.</summary>
    internal async Task OpenAsync(string scheme)
    {
        string path = Path.Combine(_directory.Path, $"{Guid.NewGuid():N}.json");
        await File.WriteAllBytesAsync(path, SampleCredentials.Write(_server.IssueLogin(TimeSpan.Zero).Credentials));
        await _children.RunAsync(string.Join('\t', "open", scheme, path, _server.TokenUri));
    }

    /// <summary>One expiry: the leader refreshes while so many others wait for what it saves.</summary>
    internal async Task<HandOffRound> HandOffAsync(int waiters)
    {
        return await HandOffAsync([.. _children.Children.Skip(1).Take(waiters)]);
    }

    /// <summary>Rounds that nobody counts. Each process refreshes once, after a wait for the lock, since it may come to that in any round.</summary>
    internal async Task WarmUpElectionAsync(int waiters)
    {
        foreach (ChildProcess child in _children.Children.Skip(1).Take(waiters))
        {
            _hoursAhead += 2;
            await Leader.RunAsync("lock");
            await child.RunAsync(Get);
            await Task.Delay(TimeToBlock, TimeProvider.System);
            await Leader.RunAsync("unlock");
            await child.RunAsync("report");
        }
    }

    /// <summary>Rounds that nobody counts. First a few processes at a time, since compiling everything in all of them at once takes longer than a token request may, then all.</summary>
    internal async Task WarmUpAsync(int waiters, int rounds)
    {
        foreach (ChildProcess[] few in _children.Children.Skip(1).Take(waiters).Chunk(8))
        {
            await HandOffAsync(few);
        }

        for (var i = 0; i < rounds; i++)
        {
            await HandOffAsync(waiters);
        }
    }

    /// <summary>What the harness itself costs a waiter in such a round.</summary>
    internal async Task<WorkerReport[]> IdleAsync(int waiters)
    {
        ChildProcess[] waiting = [.. _children.Children.Skip(1).Take(waiters)];
        await Task.WhenAll(waiting.Select(child => child.RunAsync(Get)));
        await Task.Delay(TimeToPark + TimeToEnd, TimeProvider.System);
        return [.. (await Task.WhenAll(waiting.Select(child => child.RunAsync("report")))).Select(WorkerReport.Parse)];
    }

    /// <summary>So many processes that each need the lock once, all released together.</summary>
    internal async Task<TurnsRound> TakeTurnsAsync(int takers, TimeSpan hold)
    {
        ChildProcess[] taking = [.. _children.Children.Skip(1).Take(takers)];
        await Leader.RunAsync("lock");
        string turn = string.Create(CultureInfo.InvariantCulture, $"turn\t{(int)hold.TotalMicroseconds}");
        await Task.WhenAll(taking.Select(child => child.RunAsync(turn)));
        await Task.Delay(TimeToPark + TimeSpan.FromMilliseconds(Random.Shared.Next(100)), TimeProvider.System);
        long releasedAt = long.Parse(await Leader.RunAsync("unlock"), CultureInfo.InvariantCulture);
        await Task.Delay(TimeToEnd, TimeProvider.System);
        return new TurnsRound(releasedAt, [.. (await Task.WhenAll(taking.Select(child => child.RunAsync("report")))).Select(WorkerReport.Parse)], hold);
    }

    public async ValueTask DisposeAsync()
    {
        await _children.DisposeAsync();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    private async Task<HandOffRound> HandOffAsync(ChildProcess[] waiting)
    {
        _hoursAhead += 2;
        int requestsBefore = _server.Books.TokenRequests;
        using ParkedRequest exchange = _server.ParkNextTokenRequest();
        await Leader.RunAsync(Get);
        await exchange.Arrived;
        await Task.WhenAll(waiting.Select(child => child.RunAsync(Get)));

        // Not the same each time, or all polls of a round would meet the save at the same phase.
        await Task.Delay(TimeToPark + TimeSpan.FromMilliseconds(Random.Shared.Next(100)), TimeProvider.System);
        exchange.Release();
        await Task.Delay(TimeToEnd, TimeProvider.System);

        WorkerReport leader = WorkerReport.Parse(await Leader.RunAsync("report"));
        WorkerReport[] reports = [.. (await Task.WhenAll(waiting.Select(child => child.RunAsync("report")))).Select(WorkerReport.Parse)];
        return new HandOffRound(leader.LandedAt, reports)
        {
            TokenRequests = _server.Books.TokenRequests - requestsBefore,
            HaveOneToken = reports.All(report => report.Token == leader.Token),
        };
    }
}
