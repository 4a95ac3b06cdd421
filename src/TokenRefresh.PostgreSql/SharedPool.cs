using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>What the stores of one data source share: connections, how many of them leases may keep, and the change feed.</summary>
/// <remarks>
/// A lease keeps its connection for as long as a refresh takes, and the refresh reads on others. If leases kept all of a pool, each would
/// wait for one that none gives back. So one always stays free for reads, beside that of the feed. Safe for concurrent use.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the data source, and its semaphore holds nothing to give back.")]
internal sealed class SharedPool
{
    // One to listen, and one that is free for what ends at once.
    private const int KeptFree = 2;

    private static readonly ConditionalWeakTable<NpgsqlDataSource, SharedPool> Pools = [];

    private readonly NpgsqlDataSource _dataSource;
    private readonly object _lock = new();
    private readonly SemaphoreSlim _leases;
    private readonly ConcurrentDictionary<string, Statements> _statements = new(StringComparer.Ordinal);
    private Task? _proof;

    private SharedPool(NpgsqlDataSource dataSource)
    {
        _dataSource = dataSource;
        var settings = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        Leases = settings.Pooling ? Math.Max(1, settings.MaxPoolSize - KeptFree) : int.MaxValue;
        _leases = new SemaphoreSlim(Leases);
        Feed = new ChangeFeed(this, listens: !settings.Pooling || settings.MaxPoolSize > KeptFree);
    }

    /// <summary>Gets how many leases may be held at once.</summary>
    internal int Leases { get; }

    internal ChangeFeed Feed { get; }

    internal static SharedPool Of(NpgsqlDataSource dataSource) => Pools.GetValue(dataSource, static source => new SharedPool(source));

    /// <summary>Gets the statements of a table: the same for all its logins, of which there may be very many.</summary>
    internal Statements StatementsOf(string table) => _statements.GetOrAdd(table, static name => new Statements(name));

    /// <summary>Takes one of the connections that leases may hold, if one is free now.</summary>
    internal bool TryEnter() => _leases.Wait(0, CancellationToken.None);

    /// <summary>Waits for one of the connections that leases may hold, each in its turn.</summary>
    internal Task EnterAsync(CancellationToken cancellationToken) => _leases.WaitAsync(cancellationToken);

    /// <summary>Gives it back.</summary>
    internal void Leave() => _leases.Release();

    /// <summary>Opens a connection, within this time.</summary>
    internal async ValueTask<NpgsqlConnection> OpenAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        // By the system's clock: what ends here is a connection that hangs, whatever clock the provider has.
        using var timeout = new CancellationTokenSource(limit, TimeProvider.System);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await _dataSource.OpenConnectionAsync(ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NpgsqlException("No connection was had within 'CommandTimeout'.", new TimeoutException("Timed out.", e));
        }
    }

    /// <summary>Makes sure that locks of this database exclude, unless that was seen: one proof for all who ask meanwhile.</summary>
    internal Task ProveAsync(PostgreSqlCredentialsStore store, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_proof is null or { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                _proof = Task.Run(() => LockProof.RunAsync(store), CancellationToken.None);
            }

            return _proof.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Closes the idle connections, and those in use when they are given back.</summary>
    internal void Clear() => _dataSource.Clear();
}
