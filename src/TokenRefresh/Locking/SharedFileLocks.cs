using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>The registry of a process: one <see cref="SharedFileLock"/> per lock file, however many providers there are.</summary>
internal sealed class SharedFileLocks
{
    internal static readonly SharedFileLocks OfThisProcess = new();

    private readonly Dictionary<string, SharedFileLock> _locks = new(StringComparer.Ordinal);

    /// <summary>Gets the lock of this file; for each call there must be one of <see cref="Return"/>. Touches no disk.</summary>
    internal SharedFileLock Rent(string path, string credentialsPath, IFileOperations? files = null)
    {
        lock (_locks)
        {
            if (!_locks.TryGetValue(path, out SharedFileLock? shared))
            {
                shared = new SharedFileLock(path, () => LockFile.Open(path, credentialsPath, files), CloseIfUnused);
                _locks.Add(path, shared);
            }

            shared.Users++;
            return shared;
        }
    }

    /// <summary>Lets go of a lock; the last one to do so closes it.</summary>
    internal void Return(SharedFileLock shared)
    {
        lock (_locks)
        {
            shared.Users--;
            CloseIfUnused(shared);
        }
    }

    // A thread that is parked in the system's lock cannot be woken, so its lock object is kept: the next provider uses it and needs no
    // second thread. When the thread has ended, it asks here again whether to close.
    private void CloseIfUnused(SharedFileLock shared)
    {
        lock (_locks)
        {
            if (shared.Users == 0 && !shared.IsBusy && _locks.Remove(shared.Path))
            {
                shared.Dispose();
            }
        }
    }
}
