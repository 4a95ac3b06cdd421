using System.Collections.Concurrent;
using System.Reflection;
using FluentAssertions;
using TokenRefresh.Keychain.Tests.Support;

namespace TokenRefresh.Keychain.Tests.Linux;

/// <summary>A storm over a keyring: a few expiries, or as long as the environment says. See <c>tests/README.md</c>.</summary>
public sealed class KeyringSoakTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const string Item = "storm";
    private const string Settings = "refresh-timeout=8000 save-timeout=5000 read-timeout=1000 lock-timeout=20000 window=600000";

    private static readonly LoopbackAuthorizationServerOptions EndpointOptions = new()
    {
        RefreshTokenReuseWindow = TimeSpan.FromMinutes(10),
        Latency = TimeSpan.FromMilliseconds(30),
    };

    private readonly ConcurrentBag<ChildProcess> _children = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess child in _children)
        {
            await child.DisposeAsync();
        }
    }

    [Fact]
    public async Task Random_kills_of_the_service_and_of_processes_cost_no_reuse_and_no_login()
    {
        await using Keyring keyring = await Keyring.StartAsync();
        await using LoopbackAuthorizationServer endpoint = await LoopbackAuthorizationServer.StartAsync(EndpointOptions);
        using KeychainCredentialsStore store = Keyring.Open(keyring.Directory, Item);
        var storm = new ExpiryStorm(
            SoakSettings.FromEnvironment(), () => StoreExpiredAsync(store, endpoint), _ => StartAsync(keyring, endpoint));
        output.WriteLine($"{SoakSettings.SeedVariable}={storm.Seed}");

        await storm.RunAsync(dice => HurtAsync(storm, keyring, dice));

        output.WriteLine($"{storm.Rounds} expiries; {storm.Faults}");
        output.WriteLine($"{endpoint.Books}");
        endpoint.Books.Should().BeEquivalentTo(new { Reuses = 0, FamiliesRevoked = 0 });

        // A request that was cut off with its process, before the server took it, is counted and grants nothing.
        (endpoint.Books.Grants - endpoint.Books.Replays).Should().Be(storm.Rounds);
    }

    private static async Task<string> HurtAsync(ExpiryStorm storm, Keyring keyring, Random dice)
    {
        switch (dice.Next(10))
        {
            case 0:
                await storm.KillOneAsync(dice);
                return "process killed";
            case < 3:
                await keyring.KillAsync();
                await PauseAsync(dice);
                await keyring.StartDaemonAsync();
                return "service killed";
            case < 5:
                keyring.Stop();
                await PauseAsync(dice);
                keyring.Continue();
                return "service stopped";
            default:
                return "nothing";
        }
    }

    private static async Task StoreExpiredAsync(KeychainCredentialsStore store, LoopbackAuthorizationServer endpoint)
    {
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.FromSeconds(30), Cancellation))!;
        OAuthCredentials login = endpoint.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials;
        (await lease.CommitAsync(await lease.ReadAsync(Cancellation), login, Cancellation)).IsCommitted.Should().BeTrue();
    }

    private async Task<ChildProcess> StartAsync(Keyring keyring, LoopbackAuthorizationServer endpoint)
    {
        string path = typeof(KeyringSoakTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(data => data.Key == "Child").Value!;
        ChildProcess child = await ChildProcess.StartAsync(path, new ChildProcessOptions
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["DBUS_SESSION_BUS_ADDRESS"] = Keyring.AddressIn(keyring.Directory),
            },
        });
        _children.Add(child);
        await child.RunAsync(
            $"create service={Item} state={Uri.EscapeDataString(Path.Combine(keyring.Directory, "state"))} "
            + $"endpoint={Uri.EscapeDataString(endpoint.TokenUri.AbsoluteUri)} {Settings}");
        return child;
    }

    private static Task PauseAsync(Random dice) =>
        Task.Delay(TimeSpan.FromMilliseconds(dice.Next(300)), TimeProvider.System, Cancellation);
}
