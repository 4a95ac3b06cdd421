namespace TokenRefresh.Locking;

/// <summary>One granted lock: claims the file by its nonce, proves that it is the one others would lock, and gives it back.</summary>
internal sealed class LockHandle : IDisposable
{
    private static readonly string ThisHost = Environment.MachineName;
    private static readonly string ThisProcess = GetProcessName();

    private readonly SharedFileLock _engine;
    private readonly LockFile _file;

    // Unique, not secret: RandomNumberGenerator goes through OpenSSL, which costs more than the lock.
    private readonly byte[] _nonce = Guid.NewGuid().ToByteArray();
    private RecordSlots.Slot? _record;
    private bool _isReleased;

    internal LockHandle(SharedFileLock engine, LockFile file)
    {
        _engine = engine;
        _file = file;
    }

    internal string Path => _file.Path;

    /// <summary>Writes the holder block and checks identity and, once per descriptor, reality.</summary>
    /// <returns><see langword="false"/> if the path does not name the locked file any more.</returns>
    /// <exception cref="LockUnavailableException">The lock excludes nobody, and that was not allowed.</exception>
    internal bool Claim(in LockRequest request)
    {
        Span<byte> block = stackalloc byte[HolderBlock.Size];
        HolderBlock.Write(block, new LockHolder(Environment.ProcessId, ThisProcess, ThisHost, request.TimeProvider.GetUtcNow()), _nonce);
        try
        {
            RandomAccess.Write(_file.Handle, block, HolderBlock.Offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockUnavailableException($"The lock file '{Path}' was locked but cannot be written: {e.Message} Make room on its disk.", e);
        }

        return IsStillTheFile() && (_file.HasPassedSelfTest || SelfTest(request.AllowUnreliable));
    }

    /// <summary>Checks that the path still names the locked file: what was written through the handle is read back through the path.</summary>
    /// <remarks>The same on every system, needs no inode, and also notices a path that resolves to another directory by now.</remarks>
    internal bool IsStillTheFile()
    {
        Span<byte> nonce = stackalloc byte[HolderBlock.NonceSize];
        return LockFile.ReadThroughPath(_file.Path, HolderBlock.Offset + HolderBlock.NonceOffset, nonce) == nonce.Length && nonce.SequenceEqual(_nonce);
    }

    // Nobody else writes while the lock is held.
    internal void WriteRecord(ReadOnlySpan<byte> record, bool durable) => _record = RecordSlots.Write(_file.Handle, record, durable, _record);

    public void Dispose()
    {
        if (_isReleased)
        {
            return;
        }

        _isReleased = true;
        try
        {
            // Before the unlock: afterwards the block may be the next holder's.
            Span<byte> nobody = stackalloc byte[HolderBlock.Size];
            nobody.Clear();
            RandomAccess.Write(_file.Handle, nobody, HolderBlock.Offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk must not keep the lock. The block then names a holder of the past, which is only a hint for messages.
        }
        finally
        {
            _engine.Exit(discard: false);
        }
    }

    // Some systems grant everything: NFS without a lock daemon, CIFS, 9p, Docker Desktop's mounts. A second handle that is granted too shows it, unless it opened another file.
    private bool SelfTest(bool allowUnreliable)
    {
        using LockFile second = _engine.OpenAnother();
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
            _file.HasPassedSelfTest = true;
            return true;
        }

        second.Release();
        if (!IsStillTheFile())
        {
            return false;
        }

        return allowUnreliable ? true : throw new LockUnavailableException(
            $"The lock file '{_file.Path}' is on a file system whose locks exclude nobody: a second lock was granted while the first was held. "
            + "Set 'LockPath' to a local file system that every program sharing these credentials uses, or accept the risk of losing the login with 'AllowUnreliableLock'.");
    }

    private static string GetProcessName()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.ProcessName;
    }
}
