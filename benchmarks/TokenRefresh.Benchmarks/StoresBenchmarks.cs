using System.Diagnostics;
using System.Reflection;
using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Keychain.Tests.Support;
using TokenRefresh.PostgreSql;
using TokenRefresh.PostgreSql.Tests.Support;
using TokenRefresh.Stores;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// The same three questions of each store: how long a new token takes to a waiter, how long the lease is kept, what a fresh process pays.
/// </summary>
internal sealed class StoresBenchmarks : IQuestion
{
    private const int Uncounted = 5;

    private static readonly TimeSpan UntilItWaits = TimeSpan.FromMilliseconds(30);

    public async Task<Answer> AskAsync(Effort effort)
    {
        int rounds = effort == Effort.Whole ? 101 : 21;
        int starts = effort == Effort.Whole ? 15 : 5;
        var table = new Table("store", "hand-off, ms", "critical section, ms", "cold start, ms");

        using (var directory = new WorkDirectory())
        {
            string path = Path.Combine(directory.Path, "credentials.json");
            await MeasureAsync(
                "file",
                () => new FileCredentialsStore(
                    new(path, CredentialsFileFormat.FlatOAuth, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5)),
                    TimeProvider.System),
                () => StartAsync("PostgreSql", $"path={Uri.EscapeDataString(path)}", []));
        }

        if (Keyring.WhyNone is { } none)
        {
            table.Add($"keychain: {none}", "", "", "");
        }
        else
        {
            await using Keyring keyring = await Keyring.StartAsync();
            await MeasureAsync(
                "keychain (gnome-keyring)",
                () => Keyring.Open(keyring.Directory, "benchmarks"),
                () => StartAsync(
                    "Keychain",
                    $"service=benchmarks state={Uri.EscapeDataString(Path.Combine(keyring.Directory, "state"))}",
                    new() { ["DBUS_SESSION_BUS_ADDRESS"] = Keyring.AddressIn(keyring.Directory) }));
        }

        await using var server = new PostgreSqlServer();
        await server.InitializeAsync();
        if (server.Missing is { } missing)
        {
            table.Add($"PostgreSQL: {missing}", "", "", "");
        }
        else
        {
            await MeasureAsync(
                "PostgreSQL",
                () => new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions
                {
                    ConnectionString = server.ConnectionString,
                    Name = "benchmarks",
                }),
                () => StartAsync("PostgreSql", $"login=benchmarks connection={Uri.EscapeDataString(server.ConnectionString)}", []));
        }

        return new Answer(
            "What each store costs",
            "Hand-off: from the answer of the token endpoint, which is saved then, until another provider that waits has the token. "
            + "Critical section: the lease of a whole refresh, with a token endpoint in memory. Cold start: a fresh process on the runtime "
            + "gets the valid token that is stored, without the start of the runtime. Medians of "
            + $"{rounds} and {starts} rounds; PostgreSQL on the same machine, fsync off.",
            [("", table.ToString())],
            []);

        async Task MeasureAsync(string name, Func<ICredentialsStore> open, Func<Task<double>> start)
        {
            ICredentialsStore one = open();
            ICredentialsStore other = open();
            double handOff = await HandOffAsync(one, other, rounds);
            double held = await HoldAsync(one, rounds);
            var cold = new List<double>();
            for (var i = 0; i < starts; i++)
            {
                cold.Add(await start());
            }

            table.Add(name, Figure.Of(handOff), Figure.Of(held), Figure.Of(cold.Median()));
            Console.WriteLine($"{name}: {Figure.Of(handOff)}, {Figure.Of(held)}, {Figure.Of(cold.Median())} ms");
            foreach (ICredentialsStore store in new[] { one, other })
            {
                (store as IDisposable)?.Dispose();
            }
        }
    }

    private static async Task<double> HandOffAsync(ICredentialsStore one, ICredentialsStore other, int rounds)
    {
        var times = new List<double>();
        for (var round = -Uncounted; round < rounds; round++)
        {
            await one.ExpireAsync();
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            long answered = 0;
            var endpoint = new InMemoryEndpoint(TimeSpan.FromHours(1), async () =>
            {
                arrived.TrySetResult();
                await answer.Task;
                answered = Stopwatch.GetTimestamp();
            });
            await using CoordinatedTokenProvider leader = one.Provide(endpoint);
            await using CoordinatedTokenProvider waiter = other.Provide(endpoint);
            Task<AccessToken> leading = leader.GetAccessTokenAsync().AsTask();
            await arrived.Task;
            Task<double> waiting = WaitAsync(waiter, () => answered);
            await Task.Delay(UntilItWaits, TimeProvider.System);
            answer.SetResult();
            double time = await waiting;
            await leading;
            if (round >= 0)
            {
                times.Add(time);
            }
        }

        return times.Median();
    }

    private static async Task<double> WaitAsync(CoordinatedTokenProvider waiter, Func<long> answered)
    {
        await waiter.GetAccessTokenAsync();
        return Stopwatch.GetElapsedTime(answered()).TotalMilliseconds;
    }

    private static async Task<double> HoldAsync(ICredentialsStore store, int rounds)
    {
        var timer = new LeaseTimer(store);
        await using CoordinatedTokenProvider provider = timer.Provide(new InMemoryEndpoint(TimeSpan.FromHours(1)));
        var times = new List<double>();
        AccessToken token = await provider.GetAccessTokenAsync();
        for (var round = -Uncounted; round < rounds; round++)
        {
            AccessToken next = await provider.RenewAccessTokenAsync(token);
            if (round >= 0 && next.Value != token.Value)
            {
                times.Add(timer.LastHeld.TotalMilliseconds);
            }

            token = next;
        }

        return times.Median();
    }

    // From the command that makes the store until the token is there.
    private static async Task<double> StartAsync(string program, string settings, Dictionary<string, string?> environment)
    {
        string Metadata(string key) =>
            typeof(StoresBenchmarks).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == key).Value!;
        string name = $"TokenRefresh.{program}.TestProcess";
        string path = Path.Combine(Metadata("Tests"), name, "bin", Metadata("Configuration"), "net10.0", $"{name}.dll");
        await using ChildProcess child = await ChildProcess.StartAsync(path, new ChildProcessOptions { Environment = environment });
        long start = Stopwatch.GetTimestamp();
        await child.RunAsync($"create endpoint=https://localhost/none {settings}");
        await child.RunAsync("insist");
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
