using FluentAssertions;
using TokenRefresh.PostgreSql.Tests.Support;
using TokenRefresh.TestKit;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>A storm over two hosts: a few expiries, or as long as the environment says. See <c>tests/README.md</c>.</summary>
[Collection(Hosts.Tests)]
public sealed class SoakTests(ITestOutputHelper output)
{
    private const string Settings = "refresh-timeout=2000 command-timeout=1000 save-timeout=1000 lock-timeout=10000 window=600000";

    private static readonly LoopbackAuthorizationServerOptions EndpointOptions = new()
    {
        RefreshTokenReuseWindow = TimeSpan.FromMinutes(10),
        Latency = TimeSpan.FromMilliseconds(30),
    };

    [Fact]
    public async Task Random_kills_of_connections_processes_and_the_server_cost_no_reuse_and_no_login()
    {
        await using var server = new PostgreSqlServer { ListensToHosts = true };
        await server.InitializeAsync();
        server.SkipIfMissing();
        await using Hosts? hosts = await Hosts.TryCreateAsync();
        Assert.SkipWhen(hosts is null, "Network namespaces cannot be made here ('ip netns add', as root).");
        await using Machines machines = await Machines.StartAsync(server, 0, Settings, EndpointOptions);
        Uri[] endpoints = [.. Enumerable.Range(0, Hosts.Count).Select(host => hosts!.Publish(host, machines.Endpoint.TokenUri))];
        var storm = new ExpiryStorm(SoakSettings.FromEnvironment(), machines.StoreExpiredAsync, number =>
        {
            int host = number % Hosts.Count;
            string connection = PostgreSqlServer.ConnectionStringAt(Hosts.DatabaseOf(host), server.Port);
            return machines.AddAsync(connection, endpoints[host], Settings, hosts!.CommandOn(host));
        });
        output.WriteLine($"{SoakSettings.SeedVariable}={storm.Seed}");

        await storm.RunAsync(dice => HurtAsync(storm, server, dice));

        output.WriteLine($"{storm.Rounds} expiries; {storm.Faults}");
        output.WriteLine($"{machines.Endpoint.Books}");
        machines.Endpoint.Books.Should().BeEquivalentTo(new { Reuses = 0, FamiliesRevoked = 0 });

        // A request that was cut off with its process, before the server took it, is counted and grants nothing.
        (machines.Endpoint.Books.Grants - machines.Endpoint.Books.Replays).Should().Be(storm.Rounds);
    }

    private static async Task<string> HurtAsync(ExpiryStorm storm, PostgreSqlServer server, Random dice)
    {
        switch (dice.Next(20))
        {
            case 0:
                await storm.KillOneAsync(dice);
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
