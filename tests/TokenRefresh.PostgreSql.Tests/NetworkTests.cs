using FluentAssertions;
using TokenRefresh.PostgreSql.Tests.Support;
using TokenRefresh.TestKit;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>Two hosts, each in a network namespace of its own, and the cable of one of them to the database.</summary>
[Collection(Hosts.Tests)]
public sealed class NetworkTests(ITestOutputHelper output)
{
    private const int Rounds = 5;

    [Fact]
    public async Task A_holder_that_is_cut_off_from_the_database_serves_what_it_got_and_the_other_host_replays_once()
    {
        await using var server = new PostgreSqlServer { ListensToHosts = true };
        await server.InitializeAsync();
        server.SkipIfMissing();
        await using Hosts? hosts = await Hosts.TryCreateAsync();
        Assert.SkipWhen(hosts is null, "Network namespaces cannot be made here ('ip netns add', as root).");
        await using Machines machines = await Machines.StartAsync(
            server, 0, options: new LoopbackAuthorizationServerOptions { RefreshTokenReuseWindow = TimeSpan.FromMinutes(5) });
        ChildProcess[] children = [await AddAsync(0), await AddAsync(1), await AddAsync(0), await AddAsync(1)];
        for (var round = 1; round <= Rounds; round++)
        {
            await machines.StoreExpiredAsync();
            (await Task.WhenAll(machines.Insist())).Select(reply => reply.Split(' ')[0])
                .Distinct(StringComparer.Ordinal).Should().ContainSingle("all processes get the same token");
            machines.Endpoint.Books.TokenRequests.Should().Be(round);
        }

        await machines.StoreExpiredAsync();
        using ParkedRequest parked = machines.Endpoint.ParkNextTokenRequest();
        Task<string>[] replies = machines.Insist();
        await parked.Arrived;
        ChildProcess holder = await machines.FindHolderAsync();
        int host = Array.IndexOf(children, holder) % Hosts.Count;
        long start = TimeProvider.System.GetTimestamp();
        await hosts!.CutDatabaseAsync(host);
        parked.Release();

        string[] others = await Task.WhenAll(replies.Where((_, i) => i % Hosts.Count != host));
        output.WriteLine($"the other host had a token after {TimeProvider.System.GetElapsedTime(start).TotalSeconds:F1} s");
        others.Select(reply => reply.Split(' ')[0]).Distinct(StringComparer.Ordinal).Should().ContainSingle();
        string own = await replies[Array.IndexOf(children, holder)];
        own.Split(' ')[0].Should().NotBe(others[0].Split(' ')[0], "it served the token that it got");
        await hosts.RestoreDatabaseAsync(host);
        await Task.WhenAll(replies);
        (await Task.WhenAll(machines.Insist())).Select(reply => reply.Split(' ')[0])
            .Distinct(StringComparer.Ordinal).Should().ContainSingle().Which.Should().Be(others[0].Split(' ')[0]);

        output.WriteLine($"{machines.Endpoint.Books}");
        machines.Endpoint.Books.Should().BeEquivalentTo(
            new { TokenRequests = Rounds + 2, Replays = 1, Reuses = 0, FamiliesRevoked = 0, InFlightMaximum = 1 });

        Task<ChildProcess> AddAsync(int on) => machines.AddAsync(
            PostgreSqlServer.ConnectionStringAt(Hosts.DatabaseOf(on), server.Port),
            hosts!.Publish(on, machines.Endpoint.TokenUri),
            "refresh-timeout=2000 save-timeout=1000 lock-timeout=60000 command-timeout=1000 window=300000",
            hosts.CommandOn(on));
    }
}
