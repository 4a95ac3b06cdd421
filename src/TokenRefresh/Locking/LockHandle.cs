namespace TokenRefresh.Locking;

/// <summary>
/// The held lock of one holder: names the holder in the file, proves that the file is the one others would lock, and gives it back.
/// </summary>
internal sealed class LockHandle(SharedFileLock owner, LockFile file) : IDisposable
{
    private static readonly string ThisProcess = GetProcessName();

    private readonly byte[] _line = new byte[LockFileFormat.HolderSize];
    private ulong _sequence;
    private bool _isReleased;

    internal string Path => file.Path;

    /// <summary>
    /// Checks that the path still names the locked file: what was written through the handle is read back through the path.
    /// </summary>
    /// <remarks>By the nonce in the line and not by an inode, since that works alike on every system and file system.</remarks>
    /// <exception cref="LockUnavailableException">It cannot be checked now.</exception>
    internal bool PathNamesLockedFile()
    {
        Span<byte> there = stackalloc byte[LockFileFormat.HolderSize];
        return file.ReadThroughPath(there) == there.Length && there.SequenceEqual(_line);
    }

    /// <summary>Writes the coordination record; if flushed, it survives a power cut.</summary>
    internal void WriteRecord(ReadOnlySpan<byte> record, bool flush) =>
        _sequence = LockFileFormat.WriteRecord(file.Handle, record, flush, _sequence, file.Files);

    /// <summary>Names the holder, checks that the path names the locked file, and once per descriptor that the lock excludes a second
    /// handle.</summary>
    /// <returns><see langword="false"/> if the path does not name the locked file any more.</returns>
    /// <exception cref="LockUnavailableException">The lock excludes no one, and that was not allowed.</exception>
    internal bool WriteHolderAndVerify(TimeProvider time, bool allowUnreliable)
    {
        // Unique, not secret: RandomNumberGenerator would load the system's crypto library.
        var nonce = Guid.NewGuid().ToString("N");
        LockFileFormat.WriteHolder(_line, Environment.ProcessId, ThisProcess, Environment.MachineName, time.GetUtcNow(), nonce);
        try
        {
            file.Files.Write(file.Handle, _line, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockUnavailableException(
                $"The lock file '{Path}' was locked but cannot be written: {e.Message} Make room on its disk.", e);
        }

        return PathNamesLockedFile() && (file.HasPassedSelfTest || SelfTest(allowUnreliable));
    }

    // Some systems grant everything: NFS without a lock daemon, CIFS, 9p, Docker Desktop's mounts. A second handle that is granted too
    // shows it, unless it opened another file.
    private bool SelfTest(bool allowUnreliable)
    {
        using LockFile second = owner.OpenFile();
        bool isGranted;
        try
        {
            isGranted = second.TryAcquire();
        }
        catch (LockUnavailableException) when (allowUnreliable)
        {
            return true;
        }

        if (!isGranted)
        {
            file.HasPassedSelfTest = true;
            return true;
        }

        second.Release();
        if (!PathNamesLockedFile())
        {
            return false;
        }

        if (allowUnreliable)
        {
            return true;
        }

        throw new LockUnavailableException(
            $"The lock file '{file.Path}' is on a file system whose locks exclude no one: "
            + "a second one was granted while the first was held. "
            + "Set 'LockPath' to a local file system that every program sharing these credentials uses, "
            + "or accept the risk of losing the login with 'AllowUnreliableLock'.");
    }

    // Process.GetCurrentProcess would read half of /proc, in an assembly of its own.
    private static string GetProcessName()
    {
        string name = System.IO.Path.GetFileName(Environment.ProcessPath) ?? "";
        return name.EndsWith(".exe", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name;
    }

    public void Dispose()
    {
        if (_isReleased)
        {
            return;
        }

        _isReleased = true;
        try
        {
            // Before the unlock: afterwards the line may be the next holder's.
            LockFileFormat.WriteNoHolder(_line);
            file.Files.Write(file.Handle, _line, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk must not keep the lock. The line then still names the former holder, which is only a hint for messages.
        }
        finally
        {
            owner.Release();
        }
    }
}
