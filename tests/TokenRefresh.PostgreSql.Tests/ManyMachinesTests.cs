using FluentAssertions;
using TokenRefresh.PostgreSql.Tests.Support;
using TokenRefresh.TestKit;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>Real processes that share one login, and what happens to the one that refreshes it.</summary>
public sealed class ManyMachinesTests(PostgreSqlServer server, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Count = 3;
    private const int Rounds = 12;

    public ValueTask InitializeAsync()
    {
        server.SkipIfMissing();
        return default;
    }

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task Each_expiry_costs_one_request_though_the_holder_s_connection_is_killed_while_it_sends()
    {
        await using Machines machines = await Machines.StartAsync(server, Count);

        for (var round = 1; round <= Rounds; round++)
        {
            await machines.StoreExpiredAsync();
            using ParkedRequest parked = machines.Endpoint.ParkNextTokenRequest();
            Task<string>[] replies = machines.Insist();
            await parked.Arrived;
            if (round % 2 == 0)
            {
                await machines.TerminateHolderAsync();
            }

            parked.Release();

            await ShouldAgreeAsync(replies);
            machines.Endpoint.Books.TokenRequests.Should().Be(round);
        }

        output.WriteLine($"{machines.Endpoint.Books}");
        machines.Endpoint.Books.Should().BeEquivalentTo(new { Grants = Rounds, Reuses = 0, FamiliesRevoked = 0, InFlightMaximum = 1 });
    }

    [Fact]
    public async Task A_killed_holder_s_token_is_replayed_once_when_its_answer_can_no_longer_come()
    {
        await using Machines machines = await Machines.StartAsync(
            server,
            Count,
            "refresh-timeout=1100 command-timeout=1000 save-timeout=500 lock-timeout=5000 window=60000",
            new LoopbackAuthorizationServerOptions { RefreshTokenReuseWindow = TimeSpan.FromMinutes(1) });
        await machines.StoreExpiredAsync();
        using ParkedRequest parked = machines.Endpoint.ParkNextTokenRequest(ParkPoint.AfterProcessing);
        Task<string>[] replies = machines.Insist();
        await parked.Arrived;

        long start = TimeProvider.System.GetTimestamp();
        ChildProcess holder = await machines.FindHolderAsync();
        int index = machines.Children.ToList().IndexOf(holder);
        await machines.KillAsync(holder);
        parked.Drop();

        await ShouldAgreeAsync([.. replies.Where((_, i) => i != index)]);
        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds(1.3));
        machines.Endpoint.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Replays = 1, Reuses = 0, FamiliesRevoked = 0 });
    }

    [Fact]
    public async Task A_process_that_is_killed_before_it_sends_costs_the_others_half_a_second()
    {
        await using Machines machines = await Machines.StartAsync(server, Count);
        await machines.StoreExpiredAsync();
        await using PostgreSqlCredentialsStore store = server.NewStore(machines.Row.Name);
        ICredentialsLease lease = await Row.AcquireAsync(store);
        Task<string>[] replies = machines.Insist();
        await WaitUntilItListensAsync();
        long start = TimeProvider.System.GetTimestamp();

        await machines.TerminateHolderAsync();

        await ShouldAgreeAsync(replies);
        output.WriteLine($"taken over and refreshed after {TimeProvider.System.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        await lease.DisposeAsync();
        machines.Endpoint.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_crash_of_the_server_in_the_midst_of_an_exchange_loses_neither_token_nor_login()
    {
        await using var own = new PostgreSqlServer();
        await own.InitializeAsync();
        await using Machines machines = await Machines.StartAsync(own, Count);
        await machines.StoreExpiredAsync();
        using ParkedRequest parked = machines.Endpoint.ParkNextTokenRequest();
        Task<string>[] replies = machines.Insist();
        await parked.Arrived;

        await own.RestartAsync();
        parked.Release();

        await ShouldAgreeAsync(replies);
        machines.Endpoint.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1, Reuses = 0 });
    }

    [Fact]
    public async Task Machines_whose_clocks_differ_by_hours_refresh_once_and_believe_the_server_s_clock()
    {
        await using LoopbackAuthorizationServer endpoint = await LoopbackAuthorizationServer.StartAsync();
        await using var row = new Row(server);
        await row.StoreAsync(endpoint.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);
        CoordinatedTokenProvider[] machines =
        [
            .. new[] { -3.0, 0, 3 }.Select(hours => row.NewProvider(
                endpoint, row.NewStore(options => options.TimeProvider = new ShiftedClock(TimeSpan.FromHours(hours))))),
        ];

        AccessToken[] tokens = await Task.WhenAll(machines.Select(machine => machine.GetAccessTokenAsync().AsTask()));
        foreach (CoordinatedTokenProvider machine in machines)
        {
            (await machine.GetAccessTokenAsync()).Value.Should().Be(tokens[0].Value);
        }

        tokens.Should().AllSatisfy(token => token.ExpiresAt.Should().BeCloseTo(
            TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), TimeSpan.FromSeconds(30)));
        endpoint.Books.TokenRequests.Should().Be(1);
    }

    private async Task WaitUntilItListensAsync()
    {
        while (await server.QueryAsync($"SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN {ChangeFeed.Channel}'") is not >= 1L)
        {
            await Task.Yield();
        }
    }

    private static async Task ShouldAgreeAsync(Task<string>[] replies) =>
        (await Task.WhenAll(replies)).Select(reply => reply.Split(' ')[0]).Distinct(StringComparer.Ordinal)
            .Should().ContainSingle("all processes get the same token");

    private sealed class ShiftedClock(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
    }
}
