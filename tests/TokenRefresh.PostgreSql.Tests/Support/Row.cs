using FluentAssertions;

namespace TokenRefresh.PostgreSql.Tests.Support;

/// <summary>A login of one test's own, as stores on several machines would share it.</summary>
public sealed class Row(PostgreSqlServer server) : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];

    public static OAuthCredentials First { get; } = Tokens("first");

    public static OAuthCredentials Second { get; } = Tokens("second");

    public static OAuthCredentials Third { get; } = Tokens("third");

    public string Name { get; } = Guid.NewGuid().ToString("N");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Makes the store of another machine: with a pool of its own.</summary>
    public PostgreSqlCredentialsStore NewStore(Action<PostgreSqlStoreOptions>? configure = null, string settings = "")
    {
        var options = new PostgreSqlStoreOptions
        {
            ConnectionString = $"{server.ConnectionString};{settings}",
            Name = Name,
            CommandTimeout = TimeSpan.FromSeconds(1),
        };
        configure?.Invoke(options);
        var store = new PostgreSqlCredentialsStore(options);
        _parts.Add(store);
        return store;
    }

    /// <summary>Makes a store that waits for an outcome of others little more than a second.</summary>
    public PostgreSqlCredentialsStore NewImpatientStore() => NewStore(options =>
    {
        options.RefreshTimeout = TimeSpan.FromSeconds(1.1);
        options.SaveTimeout = TimeSpan.FromMilliseconds(100);
    });

    public CoordinatedTokenProvider NewProvider(
        LoopbackAuthorizationServer endpoint, PostgreSqlCredentialsStore? store = null, Action<TokenRefreshOptions>? configure = null)
    {
        var provider = CoordinatedTokenProvider.Create(
            options =>
            {
                (options.TokenEndpoint, options.ClientId) = (endpoint.TokenUri, "tests");
                configure?.Invoke(options);
            },
            new CoordinatedTokenProviderServices { CredentialsStore = store ?? NewStore() });
        _parts.Add(provider);
        return provider;
    }

    /// <summary>Stores a login, whatever is stored.</summary>
    public async Task StoreAsync(OAuthCredentials credentials)
    {
        await using PostgreSqlCredentialsStore store = server.NewStore(Name);
        await using ICredentialsLease lease = await AcquireAsync(store);
        (await lease.CommitAsync(await lease.ReadAsync(Cancellation), credentials, Cancellation)).IsCommitted.Should().BeTrue();
    }

    public static async Task<ICredentialsLease> AcquireAsync(PostgreSqlCredentialsStore store) =>
        await store.AcquireLeaseAsync(TimeSpan.FromSeconds(10), Cancellation)
        ?? throw new Xunit.Sdk.XunitException("The lease is free, but was not granted.");

    /// <summary>Acquires the lease, prepares, and notes an attempt: after that a request would leave.</summary>
    public static async Task<ICredentialsLease> AttemptAsync(PostgreSqlCredentialsStore store)
    {
        ICredentialsLease lease = await AcquireAsync(store);
        (await lease.PrepareAsync(Cancellation)).Should().BeTrue();
        await lease.WriteRecordAsync("attempt"u8.ToArray(), durable: true, Cancellation);
        return lease;
    }

    /// <summary>Ends the sessions that hold this login's lock, and waits until they have ended.</summary>
    public async Task TerminateHolderAsync(PostgreSqlCredentialsStore store)
    {
        const string Holders = """
            FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = $1
            """;
        (await server.QueryAsync($"SELECT count(pg_terminate_backend(pid)) {Holders}", store.LeaseKey)).Should().Be(1L);
        while (await server.QueryAsync($"SELECT count(*) {Holders}", store.LeaseKey) is not 0L)
        {
            await Task.Yield();
        }
    }

    public Task<object?> QueryAsync(string columns) =>
        server.QueryAsync($"SELECT {columns} FROM token_refresh AS t WHERE name = $1", Name);

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in Enumerable.Reverse(_parts))
        {
            await part.DisposeAsync();
        }
    }

    private static OAuthCredentials Tokens(string name) =>
        new($"{name}-access-token", $"{name}-refresh-token", new DateTimeOffset(2030, 1, 1, 8, 0, 0, TimeSpan.Zero));
}
