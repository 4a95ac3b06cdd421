using System.Diagnostics;
using System.Globalization;
using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Testing;

namespace TokenRefresh.Benchmarks.Workers;

/// <summary>One process that refreshes, many that wait for it, and the server that all of them know.</summary>
internal sealed class WorkerGroup : IAsyncDisposable
{
    private static readonly TimeSpan TimeToBlock = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan TimeToPark = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromMilliseconds(250);

    private readonly WorkDirectory _directory = new();
    private readonly LoopbackAuthorizationServer _server;
    private readonly ChildProcessOptions _options;
    private readonly ChildProcessGroup _waiters;
    private ChildProcess _leader;
    private string _scheme = "";
    private string _path = "";
    private int _hoursAhead;

    private WorkerGroup(LoopbackAuthorizationServer server, ChildProcessOptions options, ChildProcess leader, ChildProcessGroup waiters)
    {
        _server = server;
        _options = options;
        _leader = leader;
        _waiters = waiters;
    }

    private string Open => string.Join('\t', "open", _scheme, _path, _server.TokenUri);

    // The hour of the last round's token is over by then, for those too who sat that round out.
    private string Get => string.Create(CultureInfo.InvariantCulture, $"get\t{_hoursAhead}");

    /// <summary>Starts a leader and this many waiters.</summary>
    /// <param name="waiters">How many.</param>
    /// <param name="isTiered">
    /// With the runtime's default of compiling each method twice; otherwise once, so that no method is compiled anew in a counted round.
    /// </param>
    internal static async Task<WorkerGroup> StartAsync(int waiters, bool isTiered = false)
    {
        LoopbackAuthorizationServer server = await LoopbackAuthorizationServer.StartAsync();
        var options = new ChildProcessOptions
        {
            Arguments = [WorkerProgram.Verb],
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOTNET_TieredCompilation"] = isTiered ? null : "0" },
        };
        ChildProcess leader = await StartOneAsync(options);
        ChildProcessGroup others = await ChildProcessGroup.StartAsync(waiters, typeof(WorkerGroup).Assembly.Location, _ => options);
        return new WorkerGroup(server, options, leader, others);
    }

    /// <summary>Gives all of them a new login, expired, and this way of coordination, in place of the one before.</summary>
    internal async Task OpenAsync(string scheme)
    {
        _scheme = scheme;
        _path = Path.Combine(_directory.Path, $"{Guid.NewGuid():N}", "credentials.json");
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        await SignInAsync();
        await Task.WhenAll(_waiters.Children.Append(_leader).Select(child => child.RunAsync(Open)));
    }

    /// <summary>One expiry: the leader refreshes while so many others wait for what it saves.</summary>
    internal async Task<HandOffRound> HandOffAsync(int waiters) => await HandOffAsync(Waiters(waiters));

    /// <summary>One expiry whose leader is killed during the exchange, before the server has looked at the refresh token.</summary>
    /// <remarks>Another process takes the leader's place afterwards.</remarks>
    internal async Task<HandOffRound> TakeOverAsync(int waiters)
    {
        ChildProcess[] waiting = Waiters(waiters);
        int requestsBefore = _server.Books.TokenRequests;
        using ParkedRequest exchange = await ParkAsync(waiting, TokenEndpointBehavior.Normal);
        long killedAt = Stopwatch.GetTimestamp();
        await _leader.KillAsync();
        exchange.Drop();
        WorkerReport[] reports = await EndAsync(waiting);

        await _leader.DisposeAsync();
        _leader = await StartOneAsync(_options);
        await _leader.RunAsync(Open);
        return new HandOffRound(killedAt, reports)
        {
            TokenRequests = _server.Books.TokenRequests - requestsBefore,
            HaveOneToken = reports.All(report => report.Token == reports[0].Token && report.Token != WorkerReport.Rejected),
        };
    }

    /// <summary>
    /// One expiry at which the server rejects the refresh token, so that each process must learn that its user has to sign in.
    /// </summary>
    internal async Task<HandOffRound> FailAsync(int waiters)
    {
        ChildProcess[] waiting = Waiters(waiters);
        int requestsBefore = _server.Books.TokenRequests;
        using ParkedRequest exchange = await ParkAsync(waiting, TokenEndpointBehavior.Error("invalid_grant"));
        long answeredAt = Stopwatch.GetTimestamp();
        exchange.Release();
        WorkerReport[] reports = await EndAsync(waiting);
        var leader = WorkerReport.Parse(await _leader.RunAsync("report"));
        await SignInAsync();
        return new HandOffRound(answeredAt, reports)
        {
            TokenRequests = _server.Books.TokenRequests - requestsBefore,
            LeaderMilliseconds = Ticks.ToMilliseconds(leader.HeldAt - answeredAt),
            HaveOneToken = reports.Append(leader).All(report => report.Token == WorkerReport.Rejected),
        };
    }

    /// <summary>Lets so many processes wait for this long while the exchange takes no end.</summary>
    /// <returns>The processor time of all waiters in that time.</returns>
    internal async Task<TimeSpan> WaitAsync(int waiters, TimeSpan time)
    {
        ChildProcess[] waiting = Waiters(waiters);
        using ParkedRequest? exchange = _scheme == Scheme.Nothing ? null : await ParkAsync(waiting, TokenEndpointBehavior.Normal);
        await Task.WhenAll(waiting.Select(child => child.RunAsync("mark")));
        await Task.Delay(time, TimeProvider.System);
        string[] ticks = await Task.WhenAll(waiting.Select(child => child.RunAsync("mark")));
        if (exchange is not null)
        {
            exchange.Release();
            await EndAsync(waiting);
            await _leader.RunAsync("report");
        }

        return TimeSpan.FromTicks(ticks.Sum(text => long.Parse(text, CultureInfo.InvariantCulture)));
    }

    /// <summary>
    /// Rounds that are not counted. Each process refreshes once, after a wait for the lock, since it may come to that in any round.
    /// </summary>
    internal async Task WarmUpElectionAsync(int waiters)
    {
        foreach (ChildProcess child in Waiters(waiters))
        {
            _hoursAhead += 2;
            await _leader.RunAsync("lock");
            await child.RunAsync(Get);
            await Task.Delay(TimeToBlock, TimeProvider.System);
            await _leader.RunAsync("unlock");
            await child.RunAsync("report");
        }
    }

    /// <summary>
    /// Rounds that are not counted. First a few processes at a time, since compiling everything in all of them at once takes longer than a
    /// token request may, then all.
    /// </summary>
    internal async Task WarmUpAsync(int waiters, int rounds)
    {
        foreach (ChildProcess[] few in Waiters(waiters).Chunk(8))
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
        ChildProcess[] waiting = Waiters(waiters);
        await Task.WhenAll(waiting.Select(child => child.RunAsync(Get)));
        await Task.Delay(TimeToPark, TimeProvider.System);
        return await EndAsync(waiting);
    }

    /// <summary>So many processes that each need the lock once, all released together.</summary>
    internal async Task<TurnsRound> TakeTurnsAsync(int takers, TimeSpan hold)
    {
        ChildProcess[] taking = Waiters(takers);
        await _leader.RunAsync("lock");
        string turn = string.Create(CultureInfo.InvariantCulture, $"turn\t{(int)hold.TotalMicroseconds}");
        await Task.WhenAll(taking.Select(child => child.RunAsync(turn)));
        await ParkForAWhileAsync();
        long releasedAt = long.Parse(await _leader.RunAsync("unlock"), CultureInfo.InvariantCulture);
        return new TurnsRound(releasedAt, await EndAsync(taking), hold);
    }

    public async ValueTask DisposeAsync()
    {
        await _leader.DisposeAsync();
        await _waiters.DisposeAsync();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    private static Task<ChildProcess> StartOneAsync(ChildProcessOptions options) =>
        ChildProcess.StartAsync(typeof(WorkerGroup).Assembly.Location, options);

    // Not the same time in each round, or all polls of a round would meet its end at the same phase.
    private static Task ParkForAWhileAsync() =>
        Task.Delay(TimeToPark + TimeSpan.FromMilliseconds(Random.Shared.Next(100)), TimeProvider.System);

    private static async Task<WorkerReport[]> EndAsync(ChildProcess[] waiting)
    {
        await Task.Delay(TimeToEnd, TimeProvider.System);
        return [.. (await Task.WhenAll(waiting.Select(child => child.RunAsync("report")))).Select(WorkerReport.Parse)];
    }

    private ChildProcess[] Waiters(int count) => [.. _waiters.Children.Take(count)];

    // By a rename, as other programs do it: a process must never see half a login.
    private async Task SignInAsync()
    {
        await File.WriteAllBytesAsync(_path + ".login", SampleCredentials.Write(_server.IssueLogin(TimeSpan.Zero).Credentials));
        File.Move(_path + ".login", _path, overwrite: true);
    }

    /// <summary>Brings the leader into the exchange and all others into the wait for it.</summary>
    private async Task<ParkedRequest> ParkAsync(ChildProcess[] waiting, TokenEndpointBehavior behavior)
    {
        _hoursAhead += 2;
        ParkedRequest exchange = _server.ParkNextTokenRequest(behavior: behavior);
        await _leader.RunAsync(Get);
        await exchange.Arrived;
        await Task.WhenAll(waiting.Select(child => child.RunAsync(Get)));
        await ParkForAWhileAsync();
        return exchange;
    }

    private async Task<HandOffRound> HandOffAsync(ChildProcess[] waiting)
    {
        int requestsBefore = _server.Books.TokenRequests;
        using ParkedRequest exchange = await ParkAsync(waiting, TokenEndpointBehavior.Normal);
        long answeredAt = Stopwatch.GetTimestamp();
        exchange.Release();
        WorkerReport[] reports = await EndAsync(waiting);
        var leader = WorkerReport.Parse(await _leader.RunAsync("report"));
        return new HandOffRound(leader.SavedAt, reports)
        {
            TokenRequests = _server.Books.TokenRequests - requestsBefore,
            LeaderMilliseconds = Ticks.ToMilliseconds(leader.HeldAt - answeredAt),
            HaveOneToken = reports.All(report => report.Token == leader.Token),
        };
    }
}
