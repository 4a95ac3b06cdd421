namespace TokenRefresh.Locking;

/// <summary>The registry of a process: one <see cref="SharedFileLock"/> per lock file, however many providers there are.</summary>
internal static class SharedFileLocks
{
    private static readonly Dictionary<string, SharedFileLock> Locks =
        new(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);

    /// <summary>Gets the lock of this file; for each call there must be one of <see cref="Return"/>. Touches no disk.</summary>
    internal static SharedFileLock Rent(string path, string credentialsPath)
    {
        lock (Locks)
        {
            if (!Locks.TryGetValue(path, out SharedFileLock? shared))
            {
                shared = new SharedFileLock(path, () => LockFile.Open(path, credentialsPath), CloseIfUnused);
                Locks.Add(path, shared);
            }

            shared.Users++;
            return shared;
        }
    }

    /// <summary>Lets go of a lock; the last one to do so closes it.</summary>
    internal static void Return(SharedFileLock shared)
    {
        lock (Locks)
        {
            shared.Users--;
            CloseIfUnused(shared);
        }
    }

    // A thread that is parked in the system's lock cannot be woken, so its lock object is kept: the next provider uses it and needs no
    // second thread. When the thread has ended, it asks here again whether to close.
    private static void CloseIfUnused(SharedFileLock shared)
    {
        lock (Locks)
        {
            if (shared.Users == 0 && !shared.IsBusy && Locks.Remove(shared.Path))
            {
                shared.Dispose();
            }
        }
    }
}
