using TokenRefresh.Diagnostics;
using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>The right to sign the user in: the lock of a file of its own, beside that of refreshes.</summary>
internal sealed class SignInLease(SharedFileLocks locks, SharedFileLock fileLock, LockHandle handle) : IAsyncDisposable
{
    private int _isDisposed;

    internal static async Task<SignInLease> AcquireAsync(
        FileCredentialsStore store, CredentialsFilePaths paths, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        bool allowUnreliable = store.Settings.AllowUnreliableLock;
        SharedFileLock fileLock = store.Locks.Rent(paths.SignInLockPath, paths.Target, store.Files);
        LockHandle? handle = null;
        try
        {
            handle = fileLock.TryAcquire(allowUnreliable, store.TimeProvider);
            if (handle is null)
            {
                LockHolder? holder = CoordinationFile.ReadHolder(paths.SignInLockPath, store.Files);
                Log.SignInAwaited(store.Logger, paths.Target, holder?.ToString() ?? "unknown");

                // Without a limit: a user in a browser takes minutes, and the caller says for how long it waits.
                FileChangeThread.Add(fileLock);
                try
                {
                    handle = await fileLock.AcquireAsync(
                        Timeout.InfiniteTimeSpan, store.TimeProvider, allowUnreliable, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    FileChangeThread.Remove(fileLock);
                }
            }

            if (handle is null)
            {
                throw new OperationCanceledException(cancellationToken);
            }

            return new SignInLease(store.Locks, fileLock, handle);
        }
        finally
        {
            if (handle is null)
            {
                store.Locks.Return(fileLock);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            handle.Dispose();
            locks.Return(fileLock);
        }

        return default;
    }
}
