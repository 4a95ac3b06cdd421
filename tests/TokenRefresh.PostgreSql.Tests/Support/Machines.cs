using System.Reflection;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.PostgreSql.Tests.Support;

/// <summary>Child processes that share one login, each with connections of its own, as machines would.</summary>
internal sealed class Machines : IAsyncDisposable
{
    private readonly PostgreSqlServer _server;
    private readonly string _settings;
    private readonly PostgreSqlCredentialsStore _store;
    private readonly List<ChildProcess> _children = [];

    private Machines(PostgreSqlServer server, LoopbackAuthorizationServer endpoint, Row row, string settings)
    {
        (_server, Endpoint, Row, _settings) = (server, endpoint, row, settings);
        _store = row.NewStore();
    }

    internal LoopbackAuthorizationServer Endpoint { get; }

    internal Row Row { get; }

    internal IReadOnlyList<ChildProcess> Children => _children;

    internal static async Task<Machines> StartAsync(
        PostgreSqlServer server, int count, string settings = "", LoopbackAuthorizationServerOptions? options = null)
    {
        var machines = new Machines(server, await LoopbackAuthorizationServer.StartAsync(options), new Row(server), settings);
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => machines.AddAsync()));
        return machines;
    }

    internal Task<ChildProcess> AddAsync() => AddAsync(_server.ConnectionString, Endpoint.TokenUri, _settings, []);

    /// <summary>Starts one more process.</summary>
    /// <param name="connectionString">By what it reaches the database.</param>
    /// <param name="endpoint">By what it reaches the token endpoint.</param>
    /// <param name="settings">Further settings of its provider.</param>
    /// <param name="on">The command that starts it on another host; empty for this one.</param>
    internal async Task<ChildProcess> AddAsync(string connectionString, Uri endpoint, string settings, string[] on)
    {
        string path = typeof(Machines).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == "Child").Value!;
        string[] command = [.. on, "dotnet", "exec", path];
        ChildProcess child = await ChildProcess.StartProgramAsync(command[0], new ChildProcessOptions { Arguments = command[1..] });
        await child.RunAsync(
            $"create connection={Uri.EscapeDataString(connectionString)} login={Row.Name} "
            + $"endpoint={Uri.EscapeDataString(endpoint.AbsoluteUri)} {settings}");
        lock (_children)
        {
            _children.Add(child);
        }

        return child;
    }

    internal async Task StoreExpiredAsync() => await Row.StoreAsync(Endpoint.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);

    /// <summary>Has every process ask until it has a token.</summary>
    internal Task<string>[] Insist() => [.. _children.Select(child => child.RunAsync("insist"))];

    /// <summary>Finds the process that holds the lease.</summary>
    internal async Task<ChildProcess> FindHolderAsync()
    {
        LockHolder holder = (await _store.ReadHolderAsync()).Should().NotBeNull().And.Subject.As<LockHolder>();
        return _children.Single(child => child.Id == holder.ProcessId);
    }

    internal async Task KillAsync(ChildProcess child)
    {
        _children.Remove(child);
        await child.KillAsync();
        await child.DisposeAsync();
    }

    internal Task TerminateHolderAsync() => Row.TerminateHolderAsync(_store);

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess child in _children)
        {
            await child.DisposeAsync();
        }

        await Row.DisposeAsync();
        await Endpoint.DisposeAsync();
    }
}
