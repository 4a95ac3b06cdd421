using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;
using TokenRefresh.Locking;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Another program at the lock file: a descriptor of its own, past every engine of this process.</summary>
internal sealed class ForeignLock : IDisposable
{
    private readonly SafeFileHandle _handle;

    private ForeignLock(SafeFileHandle handle) => _handle = handle;

    internal static ForeignLock Open(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Skip the test there.");
        }

        LockFile.Open(path, path + ".credentials").Dispose();
        return new ForeignLock(
            Libc.TryOpenRegular(path, forWriting: true, out _, out int errno)
                ?? throw new IOException($"'{path}' cannot be opened (errno {errno})."));
    }

    /// <summary>Takes the lock and says so in the holder block, as a process of this library does.</summary>
    internal static ForeignLock Hold(string path, LockHolder holder)
    {
        ForeignLock foreign = Open(path);
        if (foreign.Try() != 0)
        {
            throw new InvalidOperationException("The lock is held already.");
        }

        var line = new byte[LockFileFormat.HolderSize];
        LockFileFormat.WriteHolder(line, holder.ProcessId, holder.ProcessName, holder.Host, holder.Since, nonce: new string('0', 32));
        RandomAccess.Write(foreign._handle, line, 0);
        return foreign;
    }

    internal bool IsHeldByAnother()
    {
        if (OperatingSystem.IsWindows() || Try() == Libc.EWouldBlock)
        {
            return true;
        }

        Release();
        return false;
    }

    [UnsupportedOSPlatform("windows")]
    internal void Release() => Libc.Flock(_handle, Libc.LockUnlock);

    public void Dispose() => _handle.Dispose();

    private int Try() => OperatingSystem.IsWindows() ? -1 : Libc.Flock(_handle, Libc.LockExclusive | Libc.LockNonBlocking);
}
