using System.Globalization;
using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Workers;

namespace TokenRefresh.Benchmarks;

/// <summary>Processes that each must have the lock once, for a millisecond: what is lost between one and the next.</summary>
internal sealed class LockTurnsBenchmarks : IQuestion
{
    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(1);

    public async Task<Answer> AskAsync(Effort effort)
    {
        bool isQuick = effort != Effort.Whole;
        int[] counts = isQuick ? [2, 64] : [2, 8, 32, 64];
        int rounds = isQuick ? 5 : 20;
        string[] peers = isQuick
            ? [Scheme.CrossPlatLock]
            : [Scheme.CrossPlatLock, Scheme.TunedCrossPlatLock, Scheme.Polling(100), Scheme.Polling(20), Scheme.Polling(5)];

        var table = new Table(
            "coordination",
            "processes",
            "all had their turn, ms",
            "ideal, ms",
            "lost, %",
            "lost per turn, ms",
            "CPU of all, ms",
            "exceptions");
        var own = new Dictionary<int, TurnsRound>();
        await using (WorkerGroup group = await WorkerGroup.StartAsync(64))
        {
            await MeasureAsync(group, Scheme.TokenRefresh, counts, rounds, table, own);
        }

        var rivals = new Dictionary<int, TurnsRound>();
        foreach (string peer in peers)
        {
            try
            {
                await using WorkerGroup group = await WorkerGroup.StartAsync(64);
                await MeasureAsync(group, peer, [64], isQuick ? 2 : 5, table, peer == Scheme.CrossPlatLock ? rivals : []);
            }
            catch (ChildProcessException)
            {
                table.Add(peer, "64", "did not finish", "", "", "", "", "");
            }
        }

        double lostOf64 = own[64].TotalMilliseconds - own[64].IdealMilliseconds;
        double lostOf2 = own[2].TotalMilliseconds - own[2].IdealMilliseconds;
        return new Answer(
            "The lock in turn",
            "All processes wait for the lock while one more holds it; from its release until each has had the lock for "
            + $"{Figure.Of(Hold.TotalMilliseconds)} ms of work. The round with the median total of {rounds} after 3 uncounted ones.",
            [("", table.ToString())],
            [
                new("lost to the hand-over of the lock, 64 processes", 15, own[64].Loss * 100, "%"),
                new("lost per turn, 64 processes over 2", 1.5, lostOf64 / 64 / (lostOf2 / 2), "×"),
                new(
                    "64 turns, TokenRefresh over CrossPlatLock's default",
                    1,
                    own[64].TotalMilliseconds / rivals[64].TotalMilliseconds,
                    "×"),
            ]);
    }

    private static async Task MeasureAsync(
        WorkerGroup group, string scheme, int[] counts, int rounds, Table table, Dictionary<int, TurnsRound> results)
    {
        await group.OpenAsync(scheme);
        for (var i = 0; i < 3; i++)
        {
            await group.TakeTurnsAsync(counts.Max(), Hold);
        }

        foreach (int count in counts)
        {
            var measured = new List<TurnsRound>();
            for (var i = 0; i < rounds; i++)
            {
                measured.Add(await group.TakeTurnsAsync(count, Hold));
            }

            TurnsRound round = measured.OrderBy(one => one.TotalMilliseconds).ElementAt(rounds / 2);
            results[count] = round;
            table.Add(
                scheme,
                count.ToString(CultureInfo.InvariantCulture),
                Figure.Of(round.TotalMilliseconds),
                Figure.Of(round.IdealMilliseconds),
                Figure.Of(round.Loss * 100),
                Figure.Of((round.TotalMilliseconds - round.IdealMilliseconds) / count),
                Figure.Of(round.CpuMilliseconds),
                Figure.Of(round.Exceptions));
            Console.WriteLine(
                $"{scheme}, {count} processes: {Figure.Of(round.TotalMilliseconds)} ms, {Figure.Of(round.Loss * 100)} % lost");
        }
    }
}
