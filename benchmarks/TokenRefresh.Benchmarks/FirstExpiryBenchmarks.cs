using System.Globalization;
using TokenRefresh.Benchmarks.FreshProcesses;
using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks;

/// <summary>Fresh processes, as users have them, meet their first expiry together.</summary>
internal sealed class FirstExpiryBenchmarks : IQuestion
{
    private const int Callers = 4;
    private const int Many = 8;

    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(20);

    private static readonly Row Floor = new("floor: reads a valid token", "read", IsValid: true);
    private static readonly Row OwnValid = new("TokenRefresh, token valid", "TokenRefresh", IsValid: true);
    private static readonly Row Own = new("TokenRefresh", "TokenRefresh");
    private static readonly Row Precompiled = new("TokenRefresh, its assembly precompiled", "TokenRefresh", IsPrecompiled: true);
    private static readonly Row ByHand = new("by hand: CrossPlatLock, 100 ms (default)", "CrossPlatLock");
    private static readonly Row ByHandQuick = new("by hand: polling, 20 ms", "20");

    private readonly Dictionary<(Row Row, int Processes), Result> _results = [];
    private FreshProgram? _precompiled;
    private Row[] _rows = [];

    public async Task<Answer> AskAsync(Effort effort)
    {
        (int Processes, int Rounds)[] sizes = effort switch
        {
            Effort.Figures => [(Many, 5)],
            Effort.Quick => [(1, 3), (2, 3), (Many, 5), (32, 1)],
            _ => [(1, 15), (2, 15), (Many, 25), (32, 9)],
        };
        int coldRounds = effort == Effort.Figures ? 0 : effort == Effort.Quick ? 2 : 15;
        (_precompiled, string reason) = await FreshPrograms.PublishPrecompiledLibraryAsync();
        _rows =
        [
            Floor, OwnValid, Own,
            .. _precompiled is null ? (Row[])[] : [Precompiled],
            ByHand,
            .. effort == Effort.Figures ? (Row[])[] : [ByHandQuick],
        ];
        await using FirstExpiryMeeting meeting = await FirstExpiryMeeting.CreateAsync(Latency);

        // For the server, which is no fresh process, and for the disk's cache. Not counted.
        await MeasureAsync(meeting, processes: 2, rounds: 1, hasMadeRequests: true);

        Table table = CreateTable();
        foreach ((int processes, int rounds) in sizes)
        {
            AddTo(table, processes, await MeasureAsync(meeting, processes, rounds, hasMadeRequests: true), _results);
        }

        if (_precompiled is null)
        {
            table.Add(Precompiled.Name, "-", $"skipped: {reason}", "", "", "", "", "", "");
        }

        Table cold = CreateTable();
        if (coldRounds > 0)
        {
            AddTo(cold, Many, await MeasureAsync(meeting, Many, coldRounds, hasMadeRequests: false), []);
        }

        var coldCaption = $"The same where no process has made a request before, so that all pay for HTTP too; {coldRounds} rounds:";
        return new Answer(
            "First expiry: fresh processes meet an expired token",
            $"Processes with {Callers} callers each, the runtime's default settings and no warm-up: each caller makes one request with "
            + "a token. From the release of all processes until the last caller is served; CPU is that of all processes, and the ratios "
            + "are to CrossPlatLock by hand. Before that each process has made one request without a token, so that its HTTP client is "
            + "compiled, and has touched nothing of the scheme. The server, in the benchmark's process, answers token requests after "
            + $"{Latency.TotalMilliseconds} ms. Medians of {Join(sizes.Select(size => size.Rounds))} rounds for "
            + $"{Join(sizes.Select(size => size.Processes))} processes; the schemes take turns, round by round. Methods are those that a "
            + "process compiles more than the floor's process does.",
            [
                ("", table.ToString()),
                .. coldRounds > 0 ? ((string, string)[])[(coldCaption, cold.ToString())] : [],
            ],
            [.. GetTargets()]);
    }

    private static Table CreateTable() => new(
        "scheme",
        "processes",
        "served, ms",
        "ratio",
        "CPU, ms",
        "ratio",
        "leader's methods",
        "waiter's",
        "requests");

    private static string Join(IEnumerable<int> numbers) => string.Join(", ", numbers);

    private async Task<Dictionary<Row, List<FirstExpiryRound>>> MeasureAsync(
        FirstExpiryMeeting meeting, int processes, int rounds, bool hasMadeRequests)
    {
        // In turn, so that a change of the machine's load meets all of them.
        var measured = _rows.ToDictionary(row => row, _ => new List<FirstExpiryRound>());
        for (var i = 0; i < rounds; i++)
        {
            foreach (Row row in _rows)
            {
                FreshProgram program = row.IsPrecompiled ? _precompiled! : FreshPrograms.Default;
                measured[row].Add(await meeting.RunAsync(program, row.Scheme, row.IsValid, processes, Callers, hasMadeRequests));
            }
        }

        return measured;
    }

    private void AddTo(
        Table table, int processes, Dictionary<Row, List<FirstExpiryRound>> measured, Dictionary<(Row Row, int Processes), Result> results)
    {
        double floor = measured[Floor].Select(round => (double)round.WaiterMethods).Median();
        var byHand = Result.Of(measured[ByHand], floor);
        foreach (Row row in _rows)
        {
            var result = Result.Of(measured[row], floor);
            results[(row, processes)] = result;
            table.Add(
                row.Name,
                processes.ToString(CultureInfo.InvariantCulture),
                Figure.Of(result.Served),
                Figure.Ratio(result.Served, byHand.Served),
                Figure.Of(result.Cpu),
                Figure.Ratio(result.Cpu, byHand.Cpu),
                row.IsValid ? "" : Figure.Count(result.LeaderMethods),
                row == Floor || (processes == 1 && !row.IsValid) ? "" : Figure.Count(result.WaiterMethods),
                Figure.Of(result.TokenRequests));
            Console.WriteLine(
                $"{row.Name}, {processes} processes: served after {Figure.Of(result.Served)} ms, CPU {Figure.Of(result.Cpu)} ms, "
                + $"methods {Figure.Count(result.LeaderMethods)} and {Figure.Count(result.WaiterMethods)}");
        }
    }

    private IEnumerable<Target> GetTargets()
    {
        Result own = _results[(Own, Many)];
        Result byHand = _results[(ByHand, Many)];
        // The package holds the precompiled assembly, which is what programs on .NET 10 load.
        if (_results.TryGetValue((Precompiled, Many), out Result? packed))
        {
            double served = packed.Served / byHand.Served;
            yield return new($"first expiry, {Many} processes: all served, over CrossPlatLock by hand", 0.7, served, "×");
            yield return new($"first expiry, {Many} processes: CPU of all, over CrossPlatLock by hand", 1.3, packed.Cpu / byHand.Cpu, "×");
        }

        yield return new("the same from IL: all served, over CrossPlatLock by hand", 0.7, own.Served / byHand.Served, "×");
        yield return new("the same from IL: CPU of all, over CrossPlatLock by hand", 1.3, own.Cpu / byHand.Cpu, "×");
        yield return new("token requests of a first expiry", 1, own.TokenRequests, "");
        yield return new("methods compiled beyond a reader by hand: valid token", 150, _results[(OwnValid, Many)].WaiterMethods, "");
        yield return new("methods compiled beyond a reader by hand: leader of a refresh", 700, own.LeaderMethods, "");
        yield return new("methods compiled beyond a reader by hand: waiter", 400, own.WaiterMethods, "");
        if (packed is not null)
        {
            yield return new("the same, precompiled: leader of a refresh", 350, packed.LeaderMethods, "");
            yield return new("the same, precompiled: waiter", 200, packed.WaiterMethods, "");
            yield return new($"first expiry, {Many} processes: all served, precompiled over not", 0.8, packed.Served / own.Served, "×");
        }
    }

    private sealed record Row(string Name, string Scheme, bool IsValid = false, bool IsPrecompiled = false);

    private sealed record Result(double Served, double Cpu, double LeaderMethods, double WaiterMethods, double TokenRequests)
    {
        internal static Result Of(List<FirstExpiryRound> rounds, double floor) => new(
            rounds.Select(round => round.ServedMilliseconds).Median(),
            rounds.Select(round => round.CpuMilliseconds).Median(),
            rounds.Select(round => round.LeaderMethods - floor).Median(),
            rounds.Select(round => round.WaiterMethods - floor).Median(),
            rounds.Average(round => round.TokenRequests));
    }
}
