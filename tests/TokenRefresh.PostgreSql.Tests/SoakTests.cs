using System.Globalization;
using FluentAssertions;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>A storm that runs only where the environment asks for it: see <c>tests/README.md</c>.</summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int Processes = 8;

    [Fact]
    public async Task Random_kills_of_connections_processes_and_the_server_cost_no_reuse_and_no_login()
    {
        string? minutes = Environment.GetEnvironmentVariable("TOKENREFRESH_SOAK_MINUTES");
        Assert.SkipWhen(string.IsNullOrEmpty(minutes), "TOKENREFRESH_SOAK_MINUTES is not set.");
        TimeSpan duration = TimeSpan.FromMinutes(double.Parse(minutes!, CultureInfo.InvariantCulture));
        int seed = Environment.GetEnvironmentVariable("TOKENREFRESH_SOAK_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"TOKENREFRESH_SOAK_SEED={seed}");
        var dice = new Random(seed);
        await using var server = new PostgreSqlServer();
        await server.InitializeAsync();
        server.SkipIfMissing();
        var options = new LoopbackAuthorizationServerOptions
        {
            RefreshTokenReuseWindow = TimeSpan.FromMinutes(10),
            Latency = TimeSpan.FromMilliseconds(30),
        };
        const string Settings = "refresh-timeout=2000 command-timeout=1000 save-timeout=1000 lock-timeout=10000 window=600000";
        await using Machines machines = await Machines.StartAsync(server, Processes, Settings, options);
        var rounds = 0;
        var faults = new SortedDictionary<string, int>(StringComparer.Ordinal);
        long start = TimeProvider.System.GetTimestamp();
        for (; TimeProvider.System.GetElapsedTime(start) < duration; rounds++)
        {
            await machines.StoreExpiredAsync();
            Task<string>[] replies = machines.Insist();
            await Task.Delay(TimeSpan.FromMilliseconds(dice.Next(120)), TimeProvider.System);
            string fault = await HurtAsync(machines, server, dice);
            faults[fault] = faults.GetValueOrDefault(fault) + 1;
            await Task.WhenAll(replies).ContinueWith(_ => { }, TaskScheduler.Default);
            replies.Where(reply => reply.IsCompletedSuccessfully).Select(reply => reply.Result.Split(' ')[0])
                .Distinct(StringComparer.Ordinal).Should().ContainSingle($"all get one token in round {rounds}, {fault}");
            replies.Count(reply => !reply.IsCompletedSuccessfully).Should().BeLessThanOrEqualTo(1, "only a killed process does not reply");
            if (machines.Children.Count < Processes)
            {
                await machines.AddAsync();
            }
        }

        output.WriteLine($"{rounds} expiries; {string.Join(", ", faults.Select(entry => $"{entry.Key} {entry.Value}"))}");
        output.WriteLine($"{machines.Endpoint.Books}");
        machines.Endpoint.Books.Should().BeEquivalentTo(new { Reuses = 0, FamiliesRevoked = 0 });

        // A request that was cut off with its process, before the server took it, is counted and grants nothing.
        (machines.Endpoint.Books.Grants - machines.Endpoint.Books.Replays).Should().Be(rounds);
    }

    private static async Task<string> HurtAsync(Machines machines, PostgreSqlServer server, Random dice)
    {
        switch (dice.Next(20))
        {
            case 0:
                await machines.KillAsync(machines.Children[dice.Next(machines.Children.Count)]);
                return "process killed";
            case 1 when dice.Next(3) == 0:
                await server.RestartAsync();
                return "server crashed";
            case < 8:
                await server.TerminateHoldersAsync();
                return "holder's connection killed";
            case < 12:
                await server.TerminateAllAsync();
                return "all connections killed";
            default:
                return "nothing";
        }
    }
}
