using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>A lease of the file store, under which the locks of other programs are held too.</summary>
internal sealed class CompatibleLocksLease(ICredentialsLease inner, CompatibleLockSet locks, Action<CompatibleLockSet> giveBack)
    : ICredentialsLease, IDamagedFileLease
{
    private bool _isDisposed;

    public string Location => inner.Location;

    public string LockPath => inner.LockPath;

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

    // The stale windows start over here, so that what is sent next has all of them. A lock that was lost is taken again with a new lease.
    public async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) =>
        await inner.PrepareAsync(cancellationToken).ConfigureAwait(false) && locks.Renew();

    // The new tokens cannot be had again, so they are saved even if another program has the locks by now; what it has stored since stays,
    // as in any commit. That a lock was lost is in the log then.
    public ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
    {
        locks.Renew();
        return inner.CommitAsync(expected, next, cancellationToken);
    }

    public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) =>
        inner.WriteRecordAsync(record, durable, cancellationToken);

    public ValueTask<string?> TryMoveAsideAsync(CancellationToken cancellationToken) =>
        ((IDamagedFileLease)inner).TryMoveAsideAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            giveBack(locks);
        }

        return inner.DisposeAsync();
    }
}
