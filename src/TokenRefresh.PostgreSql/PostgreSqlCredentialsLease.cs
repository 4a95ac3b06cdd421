using System.Security.Cryptography;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>The lease: a connection that holds the advisory lock, and the version of the row that no one else changes meanwhile.</summary>
/// <remarks>
/// When the connection is lost, so is the lease, but an exchange may be under way. Its outcome is then written over another connection, as
/// far as no one else has written since. Only the note of an attempt, after which a refresh token leaves, needs the lock itself.
/// </remarks>
internal sealed partial class PostgreSqlCredentialsLease(
    PostgreSqlCredentialsStore store, NpgsqlConnection connection, string mark, long version)
    : ICredentialsLease
{
    private const int MaximumRecordSize = 64 * 1024;
    private const int Tries = 3;

    private long _version = version;
    private Task _running = Task.CompletedTask;
    private bool _isLost;
    private bool _isUnreachable;
    private bool _isPrepared;
    private bool _mayHaveAttempt;
    private bool _isDisposed;

    public string Location => store.Location;

    public string LockPath => store.LockPath;

    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return store.Parse(await ReadRowAsync(cancellationToken).ConfigureAwait(false), out _);
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            throw Errors.Unreadable(store, e);
        }
    }

    public async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        if (_isLost)
        {
            return false;
        }

        try
        {
            // A key ring that cannot encrypt is found now, not by the save.
            store.Protect("{}"u8.ToArray());
        }
        catch (CryptographicException e)
        {
            throw Errors.Unencryptable(store, e);
        }

        try
        {
            object?[]? prepared = await RunHereAsync(c => store.ExecuteAsync(
                c, store.Statements.Prepare, cancellationToken, store.LeaseKey, store.Name)).ConfigureAwait(false);
            (_version, _isLost) = ((long)prepared![0]!, prepared[1] is not true);
            _isPrepared = true;
        }
        catch (Exception e) when (Errors.IsConnectionLost(e, connection))
        {
            _isLost = true;
            if (e.InnerException is TimeoutException)
            {
                // Another lease would meet the same.
                throw Errors.Unreadable(store, e);
            }
        }
        catch (PostgresException e)
        {
            throw Errors.Unreadable(store, e);
        }

        return !_isLost;
    }

    public async ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
    {
        if (record.Length > MaximumRecordSize)
        {
            throw new ArgumentException(
                $"A coordination record holds at most {MaximumRecordSize} bytes, not {record.Length}.", nameof(record));
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (_isUnreachable)
        {
            // Callers wait for what follows a save that failed, and each further try may take its whole time.
            throw Errors.LeaseLost(store);
        }

        try
        {
            if (durable && _isPrepared)
            {
                await NoteAttemptAsync(record.ToArray()).ConfigureAwait(false);
            }
            else
            {
                await WriteRecordAsync(record.ToArray()).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (Errors.IsOfServer(e))
        {
            throw Errors.Unsaved(store, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await EndRunningAsync().ConfigureAwait(false);
        if (_mayHaveAttempt)
        {
            await EndAttemptAsync().ConfigureAwait(false);
        }

        if (!_running.IsCompleted)
        {
            // Its time-out has passed, and to cancel it takes a while: no one need wait for that.
            _ = ReleaseAfterRunningAsync();
            return;
        }

        await store.ReleaseLeaseAsync(connection).ConfigureAwait(false);
    }

    private async Task ReleaseAfterRunningAsync()
    {
        await Task.WhenAny(_running).ConfigureAwait(false);
        await store.ReleaseLeaseAsync(connection).ConfigureAwait(false);
    }

    // A refresh that has reached its deadline leaves a statement behind, and until that ends no other one can give the lock back.
    private async Task EndRunningAsync()
    {
        try
        {
            await _running.WaitAsync(store.CommandTimeout, TimeProvider.System).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _isLost |= Errors.IsConnectionLost(e, connection);
        }
    }

    // Without it, the others wait for the time of the attempt to pass.
    private async Task EndAttemptAsync()
    {
        try
        {
            if (!_isUnreachable)
            {
                await RunAsync(c => store.ExecuteAsync(
                    c, store.Statements.EndAttempt, CancellationToken.None, store.Name, mark, ChangeFeed.Channel, store.ReleasedPayload))
                    .ConfigureAwait(false);
                return;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // As if it could not be reached.
        }

        store.Abandon(mark);
    }

    private Task<T> RunHereAsync<T>(Func<NpgsqlConnection, Task<T>> run)
    {
        Task<T> running = run(connection);
        _running = running;
        return running;
    }

    // On the lease's connection, or on another one if that is lost.
    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run, Func<TimeSpan>? limit = null)
    {
        if (!_isLost)
        {
            try
            {
                return await RunHereAsync(run).ConfigureAwait(false);
            }
            catch (Exception e) when (Errors.IsConnectionLost(e, connection))
            {
                _isLost = true;
            }
        }

        try
        {
            T result = await store.RunAsync(run, CancellationToken.None, limit?.Invoke()).ConfigureAwait(false);
            _isUnreachable = false;
            return result;
        }
        catch (Exception e) when (Errors.IsOfServer(e) && e is not PostgresException)
        {
            _isUnreachable = true;
            throw;
        }
    }

    private async Task<StoredRow> ReadRowAsync(CancellationToken cancellationToken)
    {
        StoredRow row = await RunAsync(c => store.ReadRowAsync(c, cancellationToken)).ConfigureAwait(false);
        if (!_isLost)
        {
            // Of a lost lease the version stays that of the time when it was held: what was written since is not overwritten.
            _version = row.Version;
        }

        return row;
    }

    // Nothing may be sent unless the server has confirmed on this connection that it holds the lock, and has kept the note.
    private async Task NoteAttemptAsync(byte[] record)
    {
        if (!_isLost)
        {
            DateTimeOffset before = store.TimeProvider.GetUtcNow();
            _mayHaveAttempt = true;
            try
            {
                object?[]? noted = await RunHereAsync(c => store.ExecuteAsync(
                    c,
                    store.Statements.WriteAttempt,
                    CancellationToken.None,
                    store.LeaseKey,
                    store.Name,
                    _version,
                    record,
                    mark,
                    store.OutcomeTimeout)).ConfigureAwait(false);

                // After a suspend of the machine the others may have waited long enough already.
                if (noted is [long version] && store.TimeProvider.GetUtcNow() - before < store.OutcomeTimeout / 2)
                {
                    _version = version;
                    _isPrepared = false;
                    return;
                }
            }
            catch (Exception e) when (Errors.IsConnectionLost(e, connection))
            {
            }

            _isLost = true;
        }

        throw Errors.LeaseLost(store);
    }

    private async Task WriteRecordAsync(byte[] record)
    {
        for (var tries = 1; tries <= Tries; tries++)
        {
            object?[]? written = await RunAsync(c => store.ExecuteAsync(
                c, store.Statements.WriteRecord, CancellationToken.None, store.Name, _version, record, mark)).ConfigureAwait(false);
            if (written is [long version])
            {
                _version = version;
                return;
            }

            if (_isLost)
            {
                break;
            }

            // Under the lock no one else writes but by hand.
            await ReadRowAsync(CancellationToken.None).ConfigureAwait(false);
        }

        throw Errors.LeaseLost(store);
    }
}
