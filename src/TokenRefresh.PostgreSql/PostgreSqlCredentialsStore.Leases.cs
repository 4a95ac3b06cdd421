using System.Data;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <content>The locks: how one is had, waited for and given back.</content>
public sealed partial class PostgreSqlCredentialsStore
{
    private volatile string? _abandonedMark;

    /// <summary>
    /// Notes a lease of this store whose exchange is over, though the server could not be told. This process alone need not wait for that:
    /// it may have tokens to save.
    /// </summary>
    internal void Abandon(string mark) => _abandonedMark = mark;

    /// <summary>Gives a lock back and its connection to the pool. Never throws.</summary>
    /// <param name="connection">The connection that holds it, or did.</param>
    /// <param name="key">The key of the lock.</param>
    /// <param name="notifies">Whether those that wait for the lock are told.</param>
    internal async ValueTask ReleaseAsync(NpgsqlConnection connection, long key, bool notifies = true)
    {
        var isFree = false;
        try
        {
            if (connection.State == ConnectionState.Open)
            {
                object?[]? unlocked = notifies
                    ? await ExecuteAsync(
                        connection, Statements.Unlock, CancellationToken.None, key, ChangeFeed.Channel, ReleasedPayload)
                        .ConfigureAwait(false)
                    : await ExecuteAsync(connection, Statements.UnlockSilently, CancellationToken.None, key).ConfigureAwait(false);
                isFree = unlocked is [true, ..];
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // As if it was not given back.
        }

        try
        {
            // A connection that has broken is not pooled.
            if (!isFree && connection.State == ConnectionState.Open)
            {
                // Closed instead of pooled: as long as the connection lived on, so would a lock that it may still hold.
                _pool.Clear();
            }

            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It is broken, and closed with that.
        }
    }

    /// <summary>Gives a lease back. Never throws.</summary>
    internal async Task ReleaseLeaseAsync(NpgsqlConnection connection)
    {
        await ReleaseAsync(connection, LeaseKey).ConfigureAwait(false);
        _pool.Leave();
    }

    private async Task<T?> WaitAsync<T>(
        Func<TimeSpan, CancellationToken, Task<T?>> tryAcquire, TimeSpan timeout, CancellationToken cancellationToken)
        where T : class
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        long start = _timeProvider.GetTimestamp();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task? over = null;
        try
        {
            while (true)
            {
                // Armed before the try, so that a release between the two is not missed.
                Task released = timeout == TimeSpan.Zero
                    ? Task.CompletedTask
                    : _pool.Feed.WaitAsync(ReleasedPayload, CommandTimeout, ended.Token);
                try
                {
                    if (await tryAcquire(Left(), cancellationToken).ConfigureAwait(false) is { } acquired)
                    {
                        return acquired;
                    }
                }
                catch (Exception e) when (Errors.IsOfServer(e))
                {
                    throw Errors.Unlockable(this, e);
                }

                if (Left() is var left && left == TimeSpan.Zero)
                {
                    return null;
                }

                over ??= Task.Delay(left, _timeProvider, ended.Token);
                await Task.WhenAny(released, over).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            ended.Cancel();
        }

        TimeSpan Left()
        {
            TimeSpan left = timeout - _timeProvider.GetElapsedTime(start);
            return timeout == Timeout.InfiniteTimeSpan ? timeout : left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    private async Task<ICredentialsLease?> TryAcquireAsync(TimeSpan left, CancellationToken cancellationToken)
    {
        if (!_pool.TryEnter() && !await TryEnterAsync(left, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        ICredentialsLease? lease = null;
        try
        {
            return lease = await TryLeaseAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (lease is null)
            {
                _pool.Leave();
            }
        }
    }

    // The leases of other logins keep all connections that leases may have: this one waits for its turn.
    private async Task<bool> TryEnterAsync(TimeSpan left, CancellationToken cancellationToken)
    {
        if (left == TimeSpan.Zero)
        {
            return false;
        }

        using var limit = new CancellationTokenSource(left, _timeProvider);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await _pool.EnterAsync(ended.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Errors.PoolUsedUp(this, left, _pool.Leases);
        }
    }

    private async Task<ICredentialsLease?> TryLeaseAsync(CancellationToken cancellationToken)
    {
        (NpgsqlConnection Connection, string Mark)? locked = await TryLockAsync(LeaseKey, cancellationToken).ConfigureAwait(false);
        if (locked is not var (connection, mark))
        {
            return null;
        }

        PostgreSqlCredentialsLease? lease = null;
        var isPending = false;
        try
        {
            // A statement after that of the lock: what others committed before they gave it back is seen.
            StoredRow row = await ReadRowAsync(connection, cancellationToken).ConfigureAwait(false);
            isPending = row.IsAttemptPending && row.AttemptBy != _abandonedMark;
            if (isPending)
            {
                // Its holder lost the connection, and may be sending, or be about to save. Until then the lease counts as held.
                return null;
            }

            if (row.AttemptBy is not null)
            {
                // The version grows, so that nothing of that holder can be written any more but by comparing what is stored.
                await ExecuteAsync(
                    connection, Statements.EndAttempt, cancellationToken, Name, row.AttemptBy, ChangeFeed.Channel, ChangedPayload)
                    .ConfigureAwait(false);
                row = await ReadRowAsync(connection, cancellationToken).ConfigureAwait(false);
            }

            return lease = new PostgreSqlCredentialsLease(this, connection, mark, row.Version);
        }
        finally
        {
            if (lease is null)
            {
                // While an attempt is pending nothing has become free: a notification would wake all that wait, this one too, at once.
                await ReleaseAsync(connection, LeaseKey, notifies: !isPending).ConfigureAwait(false);
            }
        }
    }

    private async Task<IAsyncDisposable?> TryAcquireSignInAsync(TimeSpan left, CancellationToken cancellationToken) =>
        await TryLockAsync(_signInKey, cancellationToken).ConfigureAwait(false) is var (connection, _)
            ? new SignInRight(this, connection)
            : null;

    private async Task<(NpgsqlConnection Connection, string Mark)?> TryLockAsync(long key, CancellationToken cancellationToken)
    {
        await _pool.ProveAsync(this, cancellationToken).ConfigureAwait(false);
        for (var tries = 1; ; tries++)
        {
            NpgsqlConnection connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
            bool? isLocked = null;
            var isKept = false;
            try
            {
                // Not cancelled: after that it would not be known whether the lock is held.
                object?[] locked = (await ExecuteAsync(connection, Statements.Lock, CancellationToken.None, key).ConfigureAwait(false))!;
                isLocked = locked[0] is true;
                if (isLocked == false)
                {
                    return null;
                }

                if (locked[1] is true)
                {
                    throw Errors.Copy(this);
                }

                string mark = HolderMark.New(_timeProvider.GetUtcNow());
                await ExecuteAsync(connection, Statements.Settings, CancellationToken.None, mark).ConfigureAwait(false);
                isKept = true;
                return (connection, mark);
            }
            catch (Exception e) when (tries == 1 && Errors.IsStale(e, connection))
            {
            }
            finally
            {
                if (isLocked == false)
                {
                    await connection.DisposeAsync().ConfigureAwait(false);
                }
                else if (!isKept)
                {
                    await ReleaseAsync(connection, key).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>The right to sign the user in: a lock of its own.</summary>
    private sealed class SignInRight(PostgreSqlCredentialsStore store, NpgsqlConnection connection) : IAsyncDisposable
    {
        private int _isDisposed;

        public ValueTask DisposeAsync() =>
            Interlocked.Exchange(ref _isDisposed, 1) == 0 ? store.ReleaseAsync(connection, store._signInKey) : default;
    }
}
