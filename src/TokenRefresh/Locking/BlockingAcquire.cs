namespace TokenRefresh.Locking;

/// <summary>Waits for the system's lock on the engine's own thread.</summary>
internal static class BlockingAcquire
{
    private const int TryIntervalMilliseconds = 50;

    // Names as DriveInfo gives them on Linux and macOS; from .NET 10 on with a subtype, as in fuse.sshfs.
    private static readonly string[] DoubtfulFileSystems = ["nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "v9fs", "fuse", "fuse3", "fuseblk", "virtiofs", "ceph", "lustre", "afpfs", "webdav"];

    /// <summary>Blocks until the lock is granted; on a file system where a blocked lock may never wake, tries at intervals while anyone waits.</summary>
    /// <returns>Whether the lock is held now.</returns>
    internal static bool Run(LockFile file, Func<bool> hasWaiters)
    {
        if (!(file.MayBlockForEver ??= IsDoubtful(file.Path)))
        {
            file.Acquire();
            return true;
        }

        var pause = new object();
        lock (pause)
        {
            while (hasWaiters())
            {
                if (file.TryAcquire())
                {
                    return true;
                }

                // Jitter, so that the processes of one machine do not try in step. Never pulsed: a plain pause of this thread alone.
                Monitor.Wait(pause, TryIntervalMilliseconds + Random.Shared.Next(TryIntervalMilliseconds / 2));
            }
        }

        return false;
    }

    internal static bool IsDoubtful(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return path.StartsWith(@"\\", StringComparison.Ordinal);
        }

        try
        {
            // On Unix any path will do; it names the file system that holds it.
            return DoubtfulFileSystems.Contains(new DriveInfo(Path.GetDirectoryName(path)!).DriveFormat.Split('.')[0], StringComparer.OrdinalIgnoreCase);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
