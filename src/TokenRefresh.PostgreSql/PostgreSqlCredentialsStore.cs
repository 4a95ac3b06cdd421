using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>Keeps a login in a row of PostgreSQL, so that processes on many machines share it.</summary>
/// <remarks>
/// Safe for concurrent use. The lease is a session advisory lock of one connection; what it does not hold, the row's version does. See
/// <c>docs/postgresql.md</c> for the table, what is guaranteed and what it costs.
/// </remarks>
/// <example>
/// <code>
/// await using var store = new PostgreSqlCredentialsStore(new PostgreSqlStoreOptions
/// {
///     ConnectionString = "Host=db.example.com;Database=logins;Username=app;Password=...",
///     CreateTable = true,
/// });
/// await using var tokens = CoordinatedTokenProvider.Create(
///     options => (options.TokenEndpoint, options.ClientId) = (new Uri("https://auth.example.com/token"), "my-service"),
///     new CoordinatedTokenProviderServices { CredentialsStore = store });
/// </code>
/// </example>
public sealed partial class PostgreSqlCredentialsStore : ICredentialsStore, IAsyncDisposable, IDisposable
{
    private readonly NpgsqlDataSource _dataSource;
    private readonly bool _ownsDataSource;
    private readonly bool _createsTable;
    private readonly IDataProtector? _protector;
    private readonly ServerClock _clock;
    private readonly TimeProvider _timeProvider;
    private readonly SharedPool _pool;
    private readonly long _signInKey;
    private int _isDisposed;

    /// <summary>Creates a store. Connects at first use.</summary>
    /// <param name="options">Where the login is kept, and how.</param>
    /// <exception cref="TokenRefreshConfigurationException">An option is missing or out of its range. The message never holds the
    /// connection string.</exception>
    public PostgreSqlCredentialsStore(PostgreSqlStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _ownsDataSource = options.DataSource is null;
        _dataSource = options.DataSource ?? CreateDataSource(options.ConnectionString!);
        _createsTable = options.CreateTable;
        _protector = options.DataProtection?.CreateProtector("TokenRefresh.PostgreSql", options.Name);
        _timeProvider = options.TimeProvider ?? TimeProvider.System;
        _clock = new ServerClock(_timeProvider);
        _pool = SharedPool.Of(_dataSource);
        _pool.Feed.Join();
        Statements = _pool.StatementsOf(options.Table);
        Table = options.Table;
        Name = options.Name;
        Format = options.FileFormat;
        CommandTimeout = options.CommandTimeout;
        SaveTimeout = options.SaveTimeout;
        OutcomeTimeout = options.RefreshTimeout + options.SaveTimeout;
        LeaseKey = KeyOf("lease", options.Table, options.Name);
        _signInKey = KeyOf("sign-in", options.Table, options.Name);
        var address = new NpgsqlConnectionStringBuilder(_dataSource.ConnectionString);
        Location = $"postgresql://{address.Host}/{address.Database}/{options.Table}/{options.Name}";
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public string LockPath => $"advisory lock {LeaseKey} of {Location}";

    /// <inheritdoc/>
    public TimeProvider? Clock => _clock;

    /// <summary>Gets the statement that creates the table, for migrations. It changes nothing where the table is there.</summary>
    public string CreateTableSql => Statements.CreateTable;

    internal Statements Statements { get; }

    internal string Table { get; }

    internal string Name { get; }

    internal CredentialsFileFormat Format { get; }

    internal TimeSpan CommandTimeout { get; }

    internal TimeSpan SaveTimeout { get; }

    internal TimeSpan OutcomeTimeout { get; }

    internal long LeaseKey { get; }

    internal TimeProvider TimeProvider => _timeProvider;

    internal string ChangedPayload => $"{LeaseKey:x16}{ChangeFeed.Changed}";

    internal string ReleasedPayload => $"{LeaseKey:x16}{ChangeFeed.Released}";

    /// <summary>Creates the table where it is missing.</summary>
    /// <param name="cancellationToken">Ends the statement.</param>
    /// <returns>A task that completes when the table is there.</returns>
    /// <exception cref="CredentialsFileException">It could not be created.</exception>
    public async ValueTask CreateTableAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await RunAsync(connection => CreateTableAsync(connection, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            throw Errors.Unreadable(this, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return Parse(await ReadRowAsync(cancellationToken).ConfigureAwait(false), out _);
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            throw Errors.Unreadable(this, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return (await ReadRowAsync(cancellationToken).ConfigureAwait(false)).Record;
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            throw Errors.Unlockable(this, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            object?[]? holder = await RunAsync(
                connection => ExecuteAsync(connection, Statements.Holder, cancellationToken, LeaseKey), cancellationToken)
                .ConfigureAwait(false);
            if (HolderMark.Read((string?)holder?[0]) is { } known)
            {
                return known;
            }

            // A holder that lost its connection keeps the others waiting for the outcome of its attempt.
            StoredRow row = await ReadRowAsync(cancellationToken).ConfigureAwait(false);
            return row.IsAttemptPending ? HolderMark.Read(row.AttemptBy) : null;
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        await WaitAsync(TryAcquireAsync, timeout, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) =>
        await WaitAsync(TryAcquireSignInAsync, Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task WaitForChangeAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        return _pool.Feed.WaitAsync(ChangedPayload, CommandTimeout, cancellationToken);
    }

    /// <summary>Closes the connections that the store made itself.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _pool.Feed.Leave();
            if (_ownsDataSource)
            {
                _dataSource.Dispose();
            }
        }
    }

    /// <summary>Closes the connections that the store made itself.</summary>
    /// <returns>A task that completes when they are closed.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _pool.Feed.Leave();
            if (_ownsDataSource)
            {
                await _dataSource.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    internal ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken, TimeSpan? limit = null) =>
        _pool.OpenAsync(limit ?? CommandTimeout, cancellationToken);

    internal Task<object?[]?> ExecuteAsync(
        NpgsqlConnection connection, string statement, CancellationToken cancellationToken, params object?[] parameters) =>
        Statements.RunAsync(connection, statement, CommandTimeout, cancellationToken, parameters);

    /// <summary>Reads the row on this connection, and compares the clocks. Creates the table if that is wanted.</summary>
    internal async Task<StoredRow> ReadRowAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        TimeSpan timeout = limit ?? CommandTimeout;
        DateTimeOffset before = _timeProvider.GetUtcNow();
        object?[]? columns;
        try
        {
            columns = await Statements.RunAsync(connection, Statements.Read, timeout, cancellationToken, Name).ConfigureAwait(false);
        }
        catch (PostgresException e) when (_createsTable && e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            await CreateTableAsync(connection, cancellationToken).ConfigureAwait(false);
            columns = await Statements.RunAsync(connection, Statements.Read, timeout, cancellationToken, Name).ConfigureAwait(false);
        }

        var row = StoredRow.Of(columns);
        _clock.Note(row.ServerTime, before, _timeProvider.GetUtcNow());
        return row;
    }

    /// <summary>Reads the whole document, decrypted.</summary>
    /// <exception cref="CredentialsFileException">It cannot be read, or not decrypted.</exception>
    internal async Task<ReadOnlyMemory<byte>> ReadDocumentAsync(CancellationToken cancellationToken)
    {
        try
        {
            Parse(await ReadRowAsync(cancellationToken).ConfigureAwait(false), out byte[] document);
            return document;
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            throw Errors.Unreadable(this, e);
        }
    }

    /// <summary>Reads the row on a connection of its own.</summary>
    internal Task<StoredRow> ReadRowAsync(CancellationToken cancellationToken) =>
        RunAsync(connection => ReadRowAsync(connection, cancellationToken), cancellationToken);

    /// <summary>Runs on a connection of its own; once more if that was one of the pool that the server had closed meanwhile.</summary>
    internal async Task<T> RunAsync<T>(
        Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        for (var tries = 1; ; tries++)
        {
            NpgsqlConnection connection = await OpenAsync(cancellationToken, limit).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                try
                {
                    return await run(connection).ConfigureAwait(false);
                }
                catch (Exception e) when (tries == 1 && Errors.IsStale(e, connection))
                {
                }
            }
        }
    }

    /// <summary>Reads the login of a row.</summary>
    /// <exception cref="CredentialsFileException">It cannot be understood, or not decrypted.</exception>
    internal OAuthCredentials? Parse(StoredRow row, out byte[] document)
    {
        document = row.Document ?? [];
        if (row.IsProtected)
        {
            try
            {
                document = (_protector ?? throw Errors.Protected(this)).Unprotect(document);
            }
            catch (CryptographicException e)
            {
                throw Errors.Undecryptable(this, e);
            }
        }

        try
        {
            return CredentialsJson.Read(document, Format);
        }
        catch (FormatException e)
        {
            throw new CredentialsFileException(
                Location,
                $"The login in '{Location}' cannot be understood: {e.Message} It was left as it is; repair or delete the row.",
                e);
        }
    }

    internal byte[] Protect(byte[] document) => _protector?.Protect(document) ?? document;

    internal bool Protects => _protector is not null;

    private static NpgsqlDataSource CreateDataSource(string connectionString)
    {
        try
        {
            // Without the types that no column of the table has, which are 3.6 MB of a native program.
            return new NpgsqlSlimDataSourceBuilder(connectionString).EnableTransportSecurity().EnableIntegratedSecurity().Build();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // Not told why: the message of that may quote what follows an unquoted semicolon in a password.
        }

        throw new TokenRefreshConfigurationException(
            "'ConnectionString' cannot be parsed. Put values that hold ';' or '=' into quotes, and check the names of its keys.");
    }

    // One key space per database: 64 bits of a hash, so that logins do not meet by chance. If two did, they would wait for each other.
    private static long KeyOf(string use, string table, string name) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"TokenRefresh {use} {table} {name}")));

    private async Task<bool> CreateTableAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(connection, Statements.CreateTable, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateTable)
        {
            // Two that create it at the same moment both see it missing; the other one was first.
        }

        return true;
    }
}
