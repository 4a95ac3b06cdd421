using Microsoft.Data.Sqlite;
using SQLitePCL;
using TokenRefresh;

namespace SqliteStore;

/// <summary>Keeps one login of a SQLite database, for all processes of this machine that open it.</summary>
public sealed class SqliteCredentialsStore : ICredentialsStore
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly string _name;
    private readonly TimeProvider _time;

    /// <summary>Creates the store. Touches nothing.</summary>
    /// <param name="path">The database. The lock is another one beside it.</param>
    /// <param name="name">Which of its logins: letters and digits.</param>
    /// <param name="timeProvider">The clock of waiting; <see langword="null"/> for the system's.</param>
    public SqliteCredentialsStore(string path, string name, TimeProvider? timeProvider = null)
    {
        (Location, LockPath) = (path, $"{path}.{name}.lock");
        (_name, _time) = (name, timeProvider ?? TimeProvider.System);
    }

    public string Location { get; }

    public string LockPath { get; }

    #region read
    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        new(Use(db => ReadLogin(db).ToCredentials(), Unreadable));

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        new(Use<ReadOnlyMemory<byte>>(db => Query(db, "SELECT record FROM login WHERE name = $name") as byte[], Unlockable));

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => default;

    private StoredLogin ReadLogin(SqliteConnection db) =>
        StoredLogin.Parse(Query(db, "SELECT document FROM login WHERE name = $name") as string, Location);
    #endregion

    #region lease
    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long start = _time.GetTimestamp();
        SqliteConnection? connection = OpenLock();
        try
        {
            while (!TryLock(connection))
            {
                TimeSpan left = timeout - _time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                {
                    return null;
                }

                await Task.Delay(left < Pause ? left : Pause, _time, cancellationToken);
            }

            var lease = new Lease(this, connection);
            connection = null;
            return lease;
        }
        finally
        {
            connection?.Dispose();
        }
    }

    // A transaction that writes nothing: the system ends it with its process. In a database of its own it keeps no one from reading.
    private bool TryLock(SqliteConnection connection) => raw.sqlite3_exec(connection.Handle, "BEGIN EXCLUSIVE") switch
    {
        raw.SQLITE_OK => true,
        raw.SQLITE_BUSY => false,
        int error => throw Unlockable(new SqliteException("No lock.", error)),
    };
    #endregion

    private SqliteConnection OpenLock()
    {
        try
        {
            return Open(LockPath, pooling: false);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw Unlockable(e);
        }
    }

    #region change
    public Task WaitForChangeAsync(CancellationToken cancellationToken = default)
    {
        // Here, not in the loop: a commit that follows this call must be noticed.
        object? version = ReadVersion();
        return WaitAsync();

        async Task WaitAsync()
        {
            do
            {
                await Task.Delay(Pause, _time, cancellationToken);
            }
            while (Equals(version, ReadVersion()));
        }
    }

    private object? ReadVersion() => Use(db => Query(db, "SELECT version FROM login WHERE name = $name"), Unreadable);
    #endregion

    #region database
    private T Use<T>(Func<SqliteConnection, T> work, Func<Exception, TokenRefreshException> error, bool writes = false)
    {
        try
        {
            using SqliteConnection db = Open(Location, pooling: true);
            using SqliteCommand prepare = db.CreateCommand();
            prepare.CommandText = """
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                CREATE TABLE IF NOT EXISTS login (
                    name TEXT PRIMARY KEY, version INTEGER NOT NULL DEFAULT 0, document TEXT, record BLOB, room BLOB);
                """;
            prepare.ExecuteNonQuery();
            using SqliteTransaction transaction = db.BeginTransaction(deferred: !writes);
            T result = work(db);
            transaction.Commit();
            return result;
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw error(e);
        }
    }

    private static SqliteConnection Open(string path, bool pooling)
    {
        // SQLite would let others read a new file. Its further files take their mode from this one.
        var mine = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            mine.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            new FileStream(path, mine).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Never opened a second time: that would end the locks of this process when it is closed.
        }

        var connection = new SqliteConnection($"Data Source={path};Pooling={pooling};Default Timeout=5");
        connection.Open();
        return connection;
    }

    private object? Query(SqliteConnection db, string sql, object? value = null)
    {
        using SqliteCommand command = db.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$name", _name);
        command.Parameters.AddWithValue("$value", value ?? DBNull.Value);
        return command.ExecuteScalar();
    }
    #endregion

    private bool Set(SqliteConnection db, string columns, object? value = null)
    {
        Query(db, "INSERT OR IGNORE INTO login (name) VALUES ($name)");
        Query(db, $"UPDATE login SET {columns} WHERE name = $name", value);
        return true;
    }

    private CredentialsFileException Unreadable(Exception e) => new(Location, $"'{Location}' cannot be used: {Reason(e)}.", e);

    private CredentialsSaveException Unsaved(Exception e) => new($"'{Location}' could not be written: {Reason(e)}.", e);

    private LockUnavailableException Unlockable(Exception e) => new($"'{LockPath}' cannot be used: {Reason(e)}.", e);

    private static string Reason(Exception e) => e is SqliteException s ? $"SQLite error {s.SqliteExtendedErrorCode}" : e.GetType().Name;

    private sealed class Lease(SqliteCredentialsStore store, SqliteConnection connection) : ICredentialsLease
    {
        public string Location => store.Location;

        public string LockPath => store.LockPath;

        #region write
        public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => store.ReadAsync(cancellationToken);

        // Written, not only asked: a full disk or a database that is read-only shows here, and the commit takes the room.
        public ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) =>
            new(store.Use(db => store.Set(db, "room = zeroblob(65536)"), store.Unreadable, writes: true));

        public ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
        {
            return new(store.Use(Commit, store.Unsaved, writes: true));

            CredentialsCommit Commit(SqliteConnection db)
            {
                StoredLogin stored = store.ReadLogin(db);
                if (!stored.IsSameLogin(expected))
                {
                    return CredentialsCommit.Superseded(stored.ToCredentials());
                }

                store.Set(db, "version = version + 1, room = NULL, document = $value", stored.With(next));
                return CredentialsCommit.Committed(next);
            }
        }

        public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Length, 65_536, nameof(record));
            store.Use(db => store.Set(db, "record = $value", record.ToArray()), store.Unreadable, writes: true);
            return default;
        }

        public ValueTask DisposeAsync()
        {
            connection.Dispose();
            return default;
        }
        #endregion
    }
}
