using System.Diagnostics;
using Npgsql;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.PostgreSql;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// Many logins of one process in PostgreSQL: what each refresh and each login costs, and whether that grows with their number.
/// </summary>
internal sealed class ManyLoginsBenchmarks : IQuestion
{
    private const int Connections = 20;
    private const int Callers = 64;

    private static readonly int[] Counts = [1_000, 10_000, 100_000];

    // Expired when its key's turn comes again, so that each turn costs a refresh.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    public async Task<Answer> AskAsync(Effort effort)
    {
        int refreshes = effort == Effort.Whole ? 20_000 : 4_000;
        await using var server = new PostgreSqlServer();
        await server.InitializeAsync();
        var table = new Table(
            "keys",
            "refreshes/s",
            "connections",
            "transactions per refresh",
            "bytes per live provider",
            "bytes per idle key",
            "bytes per row");
        var measured = new List<Load>();
        if (server.Missing is null)
        {
            await using NpgsqlDataSource source = NpgsqlDataSource.Create(
                $"{server.ConnectionString};Maximum Pool Size={Connections};Max Auto Prepare=20");
            await MeasureAsync(server, source, 100, refreshes: 1_000);
            foreach (int count in Counts)
            {
                Load load = await MeasureAsync(server, source, count, refreshes);
                measured.Add(load);
                table.Add(
                    Figure.Count(count),
                    Figure.Of(load.RefreshesPerSecond),
                    Figure.Count(load.Connections),
                    Figure.Of(load.TransactionsPerRefresh),
                    Figure.Count(load.BytesPerProvider),
                    Figure.Count(load.BytesPerIdleKey),
                    Figure.Count(load.BytesPerRow));
                Console.WriteLine($"{Figure.Count(count)} keys: {Figure.Of(load.RefreshesPerSecond)} refreshes per second");
            }
        }
        else
        {
            table.Add(server.Missing, "", "", "", "", "", "");
        }

        return new Answer(
            "Many logins in PostgreSQL",
            $"One process, a TokenProviderPool, and a table with so many logins; {Callers} callers ask for the token of a key drawn anew "
            + $"each time, {Figure.Count(refreshes)} refreshes in all, over a pool of {Connections} connections to a server on the same "
            + "machine (fsync off), and a token endpoint in memory. A live provider is one in the pool, an idle key one whose provider was "
            + "evicted.",
            [("", table.ToString())],
            measured.Count == 0
                ? []
                :
                [
                    new(
                        "refreshes per second, 1,000 keys over 100,000",
                        1.5,
                        measured[0].RefreshesPerSecond / measured[^1].RefreshesPerSecond,
                        "×"),
                    new(
                        "bytes per live provider, 100,000 keys over 1,000",
                        1.1,
                        measured[^1].BytesPerProvider / measured[0].BytesPerProvider,
                        "×"),
                    new("connections for 100,000 keys", Connections, measured[^1].Connections, ""),
                ]);
    }

    private static async Task<Load> MeasureAsync(PostgreSqlServer server, NpgsqlDataSource source, int count, int refreshes)
    {
        var table = $"logins_{count}";
        await using (var store = new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions { DataSource = source, Table = table }))
        {
            await store.CreateTableAsync();
        }

        await server.QueryAsync(
            $$"""
            INSERT INTO {{table}} (name, version, document)
            SELECT 'key-' || i, 1, convert_to('{"access_token":"' || repeat('a', 70) || '","refresh_token":"' || repeat('r', 60) || i
                || '","expires_at":1}', 'UTF8')
            FROM generate_series(1, {{count}}) AS i
            """);
        await server.QueryAsync($"VACUUM ANALYZE {table}");
        var endpoint = new InMemoryEndpoint(Lifetime);
        var clock = new ManualTimeProvider();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await using var pool = new TokenProviderPool(
            key => new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions { DataSource = source, Table = table, Name = key })
                .Provide(endpoint),
            new TokenProviderPoolOptions { Capacity = count },
            clock);

        long transactions = await server.CountTransactionsAsync();
        long start = Stopwatch.GetTimestamp();
        var connections = 0L;
        Task load = Task.WhenAll(
            Enumerable.Range(0, Callers).Select(seed => CallAsync(pool, endpoint, new Random(seed), count, refreshes)));
        while (!load.IsCompleted)
        {
            connections = Math.Max(connections, (long)(await server.QueryAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"))!);
            await Task.WhenAny(load, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System));
        }

        await load;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int live = pool.Count;
        double all = endpoint.Exchanges;
        double transactionsPerRefresh = (await server.CountTransactionsAsync() - transactions) / all;
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        clock.Advance(TimeSpan.FromHours(1));
        while (pool.Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            clock.Advance(TimeSpan.FromHours(1));
        }

        // Waits for the providers that are being closed.
        await pool.DisposeAsync();
        long idle = GC.GetTotalMemory(forceFullCollection: true) - before;
        double size = (long)(await server.QueryAsync($"SELECT pg_total_relation_size('{table}')"))!;
        await server.QueryAsync($"DROP TABLE {table}");
        return new Load(
            all / seconds,
            connections,
            transactionsPerRefresh,
            bytes / (double)live,
            Math.Max(0, idle) / (double)live,
            size / count);
    }

    private static async Task CallAsync(TokenProviderPool pool, InMemoryEndpoint endpoint, Random dice, int count, int refreshes)
    {
        while (endpoint.Exchanges < refreshes)
        {
            await pool.Get($"key-{dice.Next(count) + 1}").GetAccessTokenAsync();
        }
    }

    private sealed record Load(
        double RefreshesPerSecond,
        double Connections,
        double TransactionsPerRefresh,
        double BytesPerProvider,
        double BytesPerIdleKey,
        double BytesPerRow);
}
