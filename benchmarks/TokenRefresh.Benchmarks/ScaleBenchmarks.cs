using System.Diagnostics;
using System.Globalization;
using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Scale;
using TokenRefresh.Benchmarks.Workers;
using TokenRefresh.PostgreSql;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.Benchmarks;

/// <summary>Up to thousands of machines that share one login: simulated on the production rules, and measured where that can be.</summary>
internal sealed class ScaleBenchmarks : IQuestion
{
    // Millions of operations, and the same figures per machine.
    private const int LongestOutage = 1_000;

    private static readonly int[] Counts = [1, 10, 100, 1_000, 5_000];
    private static readonly int[] MeasuredCounts = [8, 64];
    private static readonly Medium[] Media = [Medium.File, Medium.Database, Medium.Polled];

    public async Task<Answer> AskAsync(Effort effort)
    {
        var wakeUps = new Table(
            "store", "machines", "requests", "served after, ms", "longest wait, ms", "reads/s", "writes/s", "connections");
        var expiries = new Table("store", "machines", "KeepFresh", "requests", "waits", "reads/s", "writes/s", "connections", "operations");
        var outages = new Table("store", "machines", "requests in 10 minutes", "reads/s", "writes/s");
        var requests = 0;
        foreach (Medium medium in Media)
        {
            foreach (int count in Counts)
            {
                Simulation.Figures wakeUp = new Simulation(medium, count).WakeUp();
                requests = Math.Max(requests, wakeUp.Requests);
                wakeUps.Add(
                    medium.Name,
                    Figure.Count(count),
                    Figure.Count(wakeUp.Requests),
                    Figure.Of(wakeUp.AfterAnswer),
                    Figure.Of(wakeUp.LongestWait),
                    Figure.Count(wakeUp.Reads),
                    Figure.Count(wakeUp.Writes),
                    medium == Medium.File ? "" : Figure.Count(wakeUp.Connections));
                Console.WriteLine($"{medium.Name}, {Figure.Count(count)} machines: {wakeUp}");
            }
        }

        foreach (int count in Counts)
        {
            foreach (bool keepsFresh in new[] { false, true })
            {
                Simulation.Figures expiry = new Simulation(Medium.Database, count).NextExpiry(keepsFresh);
                requests = Math.Max(requests, expiry.Requests);
                expiries.Add(
                    Medium.Database.Name,
                    Figure.Count(count),
                    keepsFresh ? "yes" : "no",
                    Figure.Count(expiry.Requests),
                    Figure.Count(expiry.Waits),
                    Figure.Count(expiry.Reads),
                    Figure.Count(expiry.Writes),
                    Figure.Count(expiry.Connections),
                    Figure.Count(expiry.Operations));
                Console.WriteLine($"next expiry, {Figure.Count(count)} machines, KeepFresh {keepsFresh}: {expiry}");
            }

            if (count > LongestOutage)
            {
                continue;
            }

            Simulation.Figures outage = new Simulation(Medium.Database, count).Outage();
            outages.Add(
                Medium.Database.Name,
                Figure.Count(count),
                Figure.Count(outage.Requests),
                Figure.Count(outage.Reads),
                Figure.Count(outage.Writes));
            Console.WriteLine($"outage, {Figure.Count(count)} machines: {outage}");
        }

        return new Answer(
            "Machines that share one login",
            "Simulated, in virtual time, with the transaction, rules, record, due times and pauses of the product, over a model of the "
            + $"store: an operation takes {Figure.Of(Medium.Database.Cost.TotalMilliseconds)} ms of one of {Medium.Cores} cores of the "
            + $"database and {Figure.Of(Medium.Database.RoundTrip.TotalMilliseconds)} ms on the way, and the token endpoint answers after "
            + "100 ms. With a file all are processes of one machine. A lock and its release count as writes.",
            [
                ("All wake at the same moment and find the token expired:", wakeUps.ToString()),
                (
                    "An hour later, with a request per second and machine, from 11 minutes before the expiry to 1 minute after it:",
                    expiries.ToString()
                ),
                ("The token has expired and the token endpoint answers 503, with a request per second and machine:", outages.ToString()),
                ("Simulated and measured, all on the same two cores; the median of the rounds:", await CompareAsync(effort)),
            ],
            [new("token requests of an expiry, 5,000 machines simulated", 1, requests, "")]);
    }

    private static async Task<string> CompareAsync(Effort effort)
    {
        var table = new Table(
            "store", "machines", "requests", "simulated: served after, ms", "measured, ms", "simulated: operations", "measured");
        await using var server = new PostgreSqlServer();
        await server.InitializeAsync();
        foreach (int count in MeasuredCounts)
        {
            Simulation.Figures simulated = new Simulation(Medium.File, count).WakeUp();
            table.Add(
                Medium.File.Name,
                Figure.Count(count),
                "1",
                Figure.Of(simulated.AfterAnswer),
                Figure.Of(await MeasureFileAsync(count, effort == Effort.Whole ? 15 : 5)),
                Figure.Count(simulated.Operations),
                "");
        }

        foreach (int count in MeasuredCounts)
        {
            Simulation.Figures simulated = new Simulation(Medium.OneMachine, count).WakeUp();
            if (server.Missing is not null)
            {
                table.Add(Medium.Database.Name, Figure.Count(count), "", Figure.Of(simulated.AfterAnswer), server.Missing, "", "");
                continue;
            }

            Measured measured = await MeasureAsync(server, count, effort == Effort.Whole ? 15 : 5);
            table.Add(
                Medium.Database.Name,
                Figure.Count(count),
                Figure.Of(measured.Requests),
                Figure.Of(simulated.AfterAnswer),
                Figure.Of(measured.Milliseconds),
                Figure.Count(simulated.Operations),
                Figure.Count(measured.Operations));
        }

        return table.ToString();
    }

    // Warm processes, from the save on.
    private static async Task<double> MeasureFileAsync(int count, int rounds)
    {
        await using WorkerGroup group = await WorkerGroup.StartAsync(count);
        await group.OpenAsync(Scheme.TokenRefresh);
        await group.HandOffAsync(count);
        await group.HandOffAsync(count);
        var times = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            times.Add((await group.HandOffAsync(count)).LastMilliseconds);
        }

        return times.Median();
    }

    // Each with a pool of its own, as other machines have, but in one process.
    private static async Task<Measured> MeasureAsync(PostgreSqlServer server, int count, int rounds)
    {
        string name = $"wake-{count.ToString(CultureInfo.InvariantCulture)}";
        PostgreSqlCredentialsStore[] stores =
        [
            .. Enumerable.Range(0, count).Select(_ => new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions
            {
                // As few as do: with 64 machines, all of the server's are used. A reset would be counted as one more transaction.
                ConnectionString = $"{server.ConnectionString};Maximum Pool Size=3;No Reset On Close=true",
                Name = name,
            })),
        ];
        var times = new List<double>();
        var operations = new List<double>();
        var requests = 0L;
        const int Uncounted = 2;
        for (var round = -Uncounted; round < rounds; round++)
        {
            await stores[0].ExpireAsync();
            long answered = 0;
            var endpoint = new InMemoryEndpoint(TimeSpan.FromHours(1), async () =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
                answered = Stopwatch.GetTimestamp();
            });
            CoordinatedTokenProvider[] machines = [.. stores.Select(store => store.Provide(endpoint))];
            long before = await server.CountTransactionsAsync();
            await Task.WhenAll(machines.Select(machine => machine.GetAccessTokenAsync().AsTask()));
            double time = Stopwatch.GetElapsedTime(answered).TotalMilliseconds;
            if (round >= 0)
            {
                times.Add(time);
                operations.Add(await server.CountTransactionsAsync() - before);
                requests += endpoint.Exchanges;
            }

            foreach (CoordinatedTokenProvider machine in machines)
            {
                await machine.DisposeAsync();
            }
        }

        foreach (PostgreSqlCredentialsStore store in stores)
        {
            await store.DisposeAsync();
        }

        return new Measured(times.Median(), operations.Median(), requests / (double)rounds);
    }

    private sealed record Measured(double Milliseconds, double Operations, double Requests);
}
