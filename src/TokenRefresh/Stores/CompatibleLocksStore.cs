using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>The file store, whose leases hold the locks of other programs too. Made only where the options name some.</summary>
/// <remarks>
/// They are taken after our own lock and given back before it, so that in one try no two processes of ours compete for them, nor take over
/// a left-over one at once. What waits for them holds our own lock meanwhile; those behind it look at the file as they always do.
/// </remarks>
internal sealed class CompatibleLocksStore(FileCredentialsStore inner, IReadOnlyList<CompatibleLock> settings)
    : ICredentialsStore, IStoreReport
{
    // Other programs cannot tell us that they let go. One process waits here, so that the timer costs little.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private CompatibleLockSet? _idle;
    private volatile ICompatibleLock? _obstacle;

    public string Location => inner.Location;

    public string LockPath => inner.LockPath;

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        inner.ReadRecordAsync(cancellationToken);

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) =>
        inner.ReadHolderAsync(cancellationToken);

    public ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) =>
        inner.AcquireSignInLeaseAsync(cancellationToken);

    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) => inner.WaitForChangeAsync(cancellationToken);

    public string? DescribeMissingLogin() => inner.DescribeMissingLogin();

    public bool IsReadOnly() => inner.IsReadOnly();

    public (string Path, string State)? FindForeignLock() => _obstacle is { } obstacle ? (obstacle.Path, obstacle.Describe()) : null;

    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        long start = inner.TimeProvider.GetTimestamp();
        _obstacle = null;
        ICredentialsLease? lease = await inner.AcquireLeaseAsync(timeout, cancellationToken).ConfigureAwait(false);
        if (lease is null)
        {
            return null;
        }

        CompatibleLockSet? locks = null;
        var isHandedOver = false;
        try
        {
            locks = Rent(lease.Location);
            while (!locks.TryAcquire())
            {
                _obstacle = locks.Next;
                if (timeout != Timeout.InfiniteTimeSpan && inner.TimeProvider.GetElapsedTime(start) >= timeout)
                {
                    return null;
                }

                await Task.Delay(Pause, inner.TimeProvider, cancellationToken).ConfigureAwait(false);
            }

            _obstacle = null;
            isHandedOver = true;
            return new CompatibleLocksLease(lease, locks, Return);
        }
        finally
        {
            if (!isHandedOver)
            {
                if (locks is not null)
                {
                    Return(locks);
                }

                await lease.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    // Resolved for each lease, as the credentials are: the links may lead elsewhere by now. Never two leases with the same set: if our own
    // lock file was moved, there may be two for a moment.
    private CompatibleLockSet Rent(string credentialsPath)
    {
        string directory = Path.GetDirectoryName(inner.Settings.Path)!;
        string realDirectory = inner.Files.Resolve(directory);
        string[] paths = [.. settings.Select(item => item.ResolvePath(directory, realDirectory))];
        CompatibleLockSet? idle = Interlocked.Exchange(ref _idle, null);
        return idle?.IsAt(paths) == true ? idle : new CompatibleLockSet(
            [.. settings.Select((item, i) => Create(item, paths[i], credentialsPath))]);
    }

    private ICompatibleLock Create(CompatibleLock item, string path, string credentialsPath) =>
        item.Kind == CompatibleLockKind.Directory
            ? new LockDirectory(path, item, inner.TimeProvider, inner.Files, inner.Logger)
            : new CompatibleLockFile(path, credentialsPath, inner.Files, inner.Logger);

    private void Return(CompatibleLockSet locks)
    {
        locks.Release();
        Volatile.Write(ref _idle, locks);
    }
}
