using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Workers;
using TokenRefresh.TestKit;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// Processes meet an expired token: one refreshes, and the others wait. From the moment the save lands to the token in the hand of the median and of the last process, and what the wait has cost.
/// </summary>
internal sealed class ProcessContentionBenchmarks : IQuestion
{
    private const int WarmUps = 4;

    public async Task<Answer> AskAsync(bool isQuick)
    {
        int[] counts = isQuick ? [2, 8, 64] : [1, 2, 8, 32, 64];
        int rounds = isQuick ? 5 : 25;
        int peerRounds = isQuick ? 3 : 10;
        string[] peers = isQuick
            ? [Scheme.BareWatch, Scheme.CrossPlatLock, Scheme.Polling(20)]
            : [Scheme.BareWatch, Scheme.CrossPlatLock, Scheme.TunedCrossPlatLock, Scheme.Polling(100), Scheme.Polling(20), Scheme.Polling(5)];

        var table = new Table("coordination", "waiters", "median, ms", "last, ms", "worst last, ms", "CPU of all, ms", "CPU each, ms", "exceptions", "token requests");
        var own = new Dictionary<int, HandOff>();
        double harness;
        await using (WorkerGroup group = await WorkerGroup.StartAsync(isQuick ? 64 : 128))
        {
            await group.OpenAsync(Scheme.Nothing);
            await group.IdleAsync(64);
            harness = (await group.IdleAsync(64)).Average(report => report.Cpu.TotalMilliseconds);
            await MeasureAsync(group, Scheme.TokenRefresh, isQuick ? counts : [.. counts, 128], rounds, harness, table, own);
        }

        var floor = new Dictionary<int, HandOff>();
        var rivals = new Dictionary<int, HandOff>();
        foreach (string peer in peers)
        {
            try
            {
                await using WorkerGroup group = await WorkerGroup.StartAsync(64);
                await MeasureAsync(group, peer, counts, peerRounds, harness, table, peer == Scheme.CrossPlatLock ? rivals : peer == Scheme.BareWatch ? floor : []);
            }
            catch (ChildProcessException)
            {
                // So many polls can starve the machine for a minute, the disk's flushes included.
                table.Add(peer, "", "did not finish", "", "", "", "", "", "");
            }
        }

        if (!isQuick)
        {
            await using WorkerGroup group = await WorkerGroup.StartAsync(64, isTiered: true);
            await MeasureAsync(group, Scheme.TokenRefresh, [64], rounds, harness, table, [], "TokenRefresh, tiered compilation");
        }

        HandOff two = own[2];
        HandOff eight = own[8];
        HandOff all = own[64];
        return new Answer(
            "Process contention: from the save to the waiters",
            $"One process refreshes while the others wait; {rounds} rounds ({peerRounds} for the others) after {WarmUps} uncounted ones, each figure the median over the rounds, 'worst last' the worst of them. "
            + "The clock starts right before the rename that publishes the new pair. CPU counts the whole round, from before the call to after the last waiter has its token, and is without the "
            + $"{Figure.Of(harness)} ms that the harness itself costs each process. All have the same server, file and load; the children compile each method once (DOTNET_TieredCompilation=0) unless the row says otherwise.",
            [("", table.ToString())],
            [
                new("the last of 64 processes has the token", 7, all.Last, "ms"),
                new("the median of 64 processes has the token", 4, all.Median, "ms"),
                new("the last of 8 processes has the token", 1, eight.Last, "ms"),
                new("CPU of a waiter, of 64", 1, all.CpuEach, "ms"),
                new("exceptions thrown by 64 waiters", 0, all.Exceptions, ""),
                new("token requests of an expiry, 64 processes", 1, all.TokenRequests, ""),
                new("time per process, 64 over 2", 1, all.Last / 64 / (two.Last / 2), "×"),
                new("CPU of a waiter, 64 over 2", 1.5, all.CpuEach / two.CpuEach, "×"),
                new("last of 64, TokenRefresh over the floor", 1.5, all.Last / floor[64].Last, "×"),
                new("last of 64, TokenRefresh over CrossPlatLock's default", 1, all.Last / rivals[64].Last, "×"),
            ]);
    }

    private static async Task MeasureAsync(WorkerGroup group, string scheme, int[] counts, int rounds, double harness, Table table, Dictionary<int, HandOff> results, string? label = null)
    {
        await group.OpenAsync(scheme);
        if (scheme != Scheme.BareWatch)
        {
            await group.WarmUpElectionAsync(counts.Max());
        }

        await group.WarmUpAsync(counts.Max(), WarmUps);
        foreach (int count in counts)
        {
            var measured = new List<HandOffRound>();
            await group.HandOffAsync(count);
            for (var i = 0; i < rounds; i++)
            {
                measured.Add(await group.HandOffAsync(count));
            }

            if (!measured.TrueForAll(round => round.HaveOneToken) && scheme == Scheme.TokenRefresh)
            {
                throw new InvalidOperationException("Two processes held different tokens: this is no measurement.");
            }

            var result = new HandOff(
                measured.Select(round => round.MedianMilliseconds).Median(),
                measured.Select(round => round.LastMilliseconds).Median(),
                measured.Max(round => round.LastMilliseconds),
                Math.Max(0, measured.Select(round => round.CpuMilliseconds).Median() / count - harness),
                measured.Select(round => (double)round.Exceptions).Median(),
                measured.Average(round => round.TokenRequests));
            results[count] = result;
            table.Add(
                label ?? scheme,
                Figure.Of(count).Split('.')[0],
                Figure.Of(result.Median),
                Figure.Of(result.Last),
                Figure.Of(result.Worst),
                Figure.Of(result.CpuEach * count),
                Figure.Of(result.CpuEach),
                Figure.Of(result.Exceptions),
                Figure.Of(result.TokenRequests));
            Console.WriteLine($"{label ?? scheme}, {count} waiters: median {Figure.Of(result.Median)} ms, last {Figure.Of(result.Last)} ms, worst {Figure.Of(result.Worst)} ms, CPU each {Figure.Of(result.CpuEach)} ms");
        }
    }

    private sealed record HandOff(double Median, double Last, double Worst, double CpuEach, double Exceptions, double TokenRequests);
}
