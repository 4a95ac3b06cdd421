namespace TokenRefresh;

/// <summary>How another program locks the credentials.</summary>
public enum CompatibleLockKind
{
    /// <summary>
    /// By a directory: who creates it has the lock, its time of last change is a heartbeat, and who removes it lets go. The protocol of
    /// npm's <c>proper-lockfile</c>.
    /// </summary>
    Directory,

    /// <summary>
    /// By the operating system's lock of a file: <c>flock</c>, or <c>LockFileEx</c> on Windows. It ends with its process.
    /// </summary>
    File,
}
