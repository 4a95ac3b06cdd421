using System.Globalization;
using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Workers;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// Warm processes meet an expired token: one refreshes, and the others wait. From the moment the save lands to the token in the hand of the
/// median and of the last process, what the wait costs, and what happens if the leader fails or is killed.
/// </summary>
internal sealed class ProcessContentionBenchmarks : IQuestion
{
    private const int WarmUps = 4;
    private const int Blocks = 3;
    private const int Few = 8;
    private const int Many = 64;

    private static readonly TimeSpan TimeOfWaiting = TimeSpan.FromSeconds(2);

    private readonly Table _handOffs = new(
        "coordination",
        "waiters",
        "median, ms",
        "last, ms",
        "worst, ms",
        "leader, ms",
        "CPU each, ms",
        "exceptions",
        "requests");

    private readonly Table _endings = new("TokenRefresh", "waiters", "median, ms", "last, ms", "worst, ms", "requests");
    private readonly Dictionary<(string Scheme, int Waiters), HandOff> _results = [];

    // What the harness itself costs each process in a round.
    private double _harness;

    public async Task<Answer> AskAsync(Effort effort)
    {
        bool isWhole = effort == Effort.Whole;
        int[] counts = isWhole ? [1, 2, Few, 32, Many] : [Few, Many];
        int rounds = isWhole ? 24 : 9;
        int peerRounds = isWhole ? 9 : 3;
        double cpuOfWaiting;
        (HandOff Few, HandOff Many) takeOver;
        (HandOff Few, HandOff Many) failure;
        await using (WorkerGroup group = await WorkerGroup.StartAsync(Many))
        {
            await group.OpenAsync(Scheme.Nothing);
            await group.IdleAsync(Many);
            _harness = (await group.IdleAsync(Many)).Average(report => report.Cpu.TotalMilliseconds);
            double idle = (await group.WaitAsync(Many, TimeOfWaiting)).TotalMilliseconds;

            // In turn with the floor, so that a change of the machine's load meets both.
            await MeasureAsync(group, [Scheme.TokenRefresh, Scheme.BareWatch], counts, rounds);
            await group.OpenAsync(Scheme.TokenRefresh);
            await group.HandOffAsync(Many);
            cpuOfWaiting = ((await group.WaitAsync(Many, TimeOfWaiting)).TotalMilliseconds - idle) / TimeOfWaiting.TotalSeconds;
            failure = await MeasureEndingAsync("the leader's refresh token is rejected", group.FailAsync, isWhole ? 15 : 5);
            takeOver = await MeasureEndingAsync("the leader is killed", group.TakeOverAsync, isWhole ? 15 : 5);
        }

        foreach (string peer in Peers(effort))
        {
            await MeasurePeerAsync(peer, counts, peerRounds);
        }

        if (isWhole)
        {
            await using WorkerGroup group = await WorkerGroup.StartAsync(Many, isTiered: true);
            await MeasureAsync(group, [Scheme.TokenRefresh], [Many], rounds, "TokenRefresh, tiered compilation");
        }

        HandOff own = _results[(Scheme.TokenRefresh, Many)];
        HandOff floor = _results[(Scheme.BareWatch, Many)];
        double few = _results[(Scheme.TokenRefresh, Few)].Last / _results[(Scheme.BareWatch, Few)].Last;
        return new Answer(
            "Process contention: from the save to the waiters",
            $"One process refreshes while the others wait; {rounds} rounds ({peerRounds} for the peers) after {WarmUps} uncounted "
            + "ones, each figure the median over the rounds, 'worst' the worst last one. TokenRefresh and its floor take turns, in "
            + $"{Blocks} blocks. The clock starts right before the rename that publishes the new tokens; the leader's from the server's "
            + "answer to the token of its own caller. CPU is that of a waiter over the whole round, from before the call to after the "
            + $"last waiter has its token, without the {Figure.Of(_harness)} ms that the harness itself costs each process. All have the "
            + "same server, file and load; the children compile each method once (DOTNET_TieredCompilation=0) unless the row says "
            + "otherwise.",
            [
                ("", _handOffs.ToString()),
                ("From the server's rejection, or the SIGKILL of the leader in its exchange, until all know:", _endings.ToString()),
            ],
            [
                new("last of 64 warm waiters, over a bare watch", 1.3, own.Last / floor.Last, "×"),
                new("last of 8 warm waiters, over a bare watch", 1.2, few, "×"),
                new("CPU of a warm waiter of 64, over a bare watch", 1.5, own.CpuEach / floor.CpuEach, "×"),
                new("leader killed: all of 8 waiters served", 54, takeOver.Few.Last, "ms"),
                new("leader killed: all of 64 waiters served", 89, takeOver.Many.Last, "ms"),
                new("refresh token rejected: known to all of 8 waiters", 10, failure.Few.Last, "ms"),
                new("refresh token rejected: known to all of 64 waiters", 94, failure.Many.Last, "ms"),
                new("CPU of 64 waiters per second of waiting", 100, cpuOfWaiting, "ms"),
                new("leader's way from the answer to its own caller, beside 64 waiters", 15, own.Leader, "ms"),
                new("exceptions thrown by 64 waiters", 0, own.Exceptions, ""),
                new("token requests of an expiry, 64 processes", 1, own.TokenRequests, ""),
                .. _results.TryGetValue((Scheme.CrossPlatLock, Many), out HandOff? rival)
                    ? (Target[])[new("last of 64, TokenRefresh over CrossPlatLock's default", 1, own.Last / rival.Last, "×")]
                    : [],
            ]);
    }

    private static string[] Peers(Effort effort) => effort switch
    {
        Effort.Figures => [],
        Effort.Quick => [Scheme.CrossPlatLock],
        _ => [Scheme.CrossPlatLock, Scheme.TunedCrossPlatLock, Scheme.Polling(100), Scheme.Polling(20), Scheme.Polling(5)],
    };

    private async Task MeasurePeerAsync(string peer, int[] counts, int rounds)
    {
        try
        {
            await using WorkerGroup group = await WorkerGroup.StartAsync(Many);
            await MeasureAsync(group, [peer], counts, rounds);
        }
        catch (ChildProcessException)
        {
            // So many polls can starve the machine for a minute, the disk's flushes included.
            _handOffs.Add(peer, "", "did not finish", "", "", "", "", "", "");
        }
    }

    // In blocks, since all watches of two schemes at once are more than a user may have (128 by default on Linux).
    private async Task MeasureAsync(WorkerGroup group, string[] schemes, int[] counts, int rounds, string? label = null)
    {
        var measured = schemes.ToDictionary(
            scheme => scheme, _ => counts.ToDictionary(count => count, _ => new List<HandOffRound>()), StringComparer.Ordinal);
        for (var block = 0; block < Blocks; block++)
        {
            foreach (string scheme in schemes)
            {
                await group.OpenAsync(scheme);
                if (block == 0)
                {
                    await WarmUpAsync(group, scheme, counts.Max());
                }

                // The first round of a block makes what is made once, such as the watch.
                await group.HandOffAsync(counts.Max());
                foreach (int count in counts)
                {
                    for (var i = 0; i < (rounds + Blocks - 1) / Blocks; i++)
                    {
                        measured[scheme][count].Add(await group.HandOffAsync(count));
                    }
                }
            }
        }

        foreach (string scheme in schemes)
        {
            foreach (int count in counts)
            {
                AddHandOff(scheme, label ?? scheme, count, measured[scheme][count]);
            }
        }
    }

    private static async Task WarmUpAsync(WorkerGroup group, string scheme, int waiters)
    {
        if (scheme != Scheme.BareWatch)
        {
            await group.WarmUpElectionAsync(waiters);
        }

        await group.WarmUpAsync(waiters, WarmUps);
    }

    private void AddHandOff(string scheme, string label, int count, List<HandOffRound> measured)
    {
        if (!measured.TrueForAll(round => round.HaveOneToken) && scheme == Scheme.TokenRefresh)
        {
            throw new InvalidOperationException("Two processes held different tokens: this is no measurement.");
        }

        var result = HandOff.Of(measured, count, _harness);
        _results.TryAdd((scheme, count), result);
        _handOffs.Add(
            label,
            count.ToString(CultureInfo.InvariantCulture),
            Figure.Of(result.Median),
            Figure.Of(result.Last),
            Figure.Of(result.Worst),
            Figure.Of(result.Leader),
            Figure.Of(result.CpuEach),
            Figure.Of(result.Exceptions),
            Figure.Of(result.TokenRequests));
        Console.WriteLine(
            $"{label}, {count} waiters: last {Figure.Of(result.Last)} ms, CPU each {Figure.Of(result.CpuEach)} ms, "
            + $"leader {Figure.Of(result.Leader)} ms");
    }

    private async Task<(HandOff Few, HandOff Many)> MeasureEndingAsync(string name, Func<int, Task<HandOffRound>> runAsync, int rounds)
    {
        async Task<HandOff> MeasureAsync(int count)
        {
            var measured = new List<HandOffRound>();
            for (var i = -1; i < rounds; i++)
            {
                HandOffRound round = await runAsync(count);
                if (!round.HaveOneToken)
                {
                    throw new InvalidOperationException($"Not all of {count} waiters ended alike when {name}: this is no measurement.");
                }

                if (i >= 0)
                {
                    measured.Add(round);
                }
            }

            var result = HandOff.Of(measured, count, _harness);
            _endings.Add(
                name,
                count.ToString(CultureInfo.InvariantCulture),
                Figure.Of(result.Median),
                Figure.Of(result.Last),
                Figure.Of(result.Worst),
                Figure.Of(result.TokenRequests));
            Console.WriteLine($"{name}, {count} waiters: median {Figure.Of(result.Median)} ms, last {Figure.Of(result.Last)} ms");
            return result;
        }

        return (await MeasureAsync(Few), await MeasureAsync(Many));
    }

    private sealed record HandOff(
        double Median, double Last, double Worst, double Leader, double CpuEach, double Exceptions, double TokenRequests)
    {
        internal static HandOff Of(List<HandOffRound> rounds, int count, double harness) => new(
            rounds.Select(round => round.MedianMilliseconds).Median(),
            rounds.Select(round => round.LastMilliseconds).Median(),
            rounds.Max(round => round.LastMilliseconds),
            rounds.Select(round => round.LeaderMilliseconds).Median(),
            Math.Max(0, rounds.Select(round => round.CpuMilliseconds).Median() / count - harness),
            rounds.Select(round => (double)round.Exceptions).Median(),
            rounds.Average(round => round.TokenRequests));
    }
}
