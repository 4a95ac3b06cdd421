using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>A lock file under <c>LockFileEx</c>. One byte far past the end: locked bytes are mandatory on Windows, and the record must stay readable.</summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe class WindowsLockFile : LockFile
{
    private const uint LockedByteOffsetHigh = 0x4000_0000;

    private WindowsLockFile(string path, SafeFileHandle handle)
        : base(path, handle)
    {
    }

    internal static new WindowsLockFile Open(string path)
    {
        try
        {
            // No FileShare.Delete: while anybody has it open, nobody can delete it. Synchronous: a blocking lock then blocks this thread until it is granted.
            return new WindowsLockFile(path, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(path, "opened", e is UnauthorizedAccessException ? 5 : e.HResult & 0xFFFF, e);
        }
    }

    internal static new SafeFileHandle? OpenForReading(string path) =>
        File.Exists(path) ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete) : null;

    internal override bool TryAcquire()
    {
        int error = Lock(Kernel32.Exclusive | Kernel32.FailImmediately);
        return error switch
        {
            0 => true,
            Kernel32.ErrorLockViolation or Kernel32.ErrorIoPending => false,
            _ => throw Unavailable(Path, "locked", error),
        };
    }

    internal override void Acquire()
    {
        if (Lock(Kernel32.Exclusive) is not 0 and int error)
        {
            throw Unavailable(Path, "locked", error);
        }
    }

    internal override void Release()
    {
        NativeOverlapped at = LockedByte;
        Kernel32.UnlockFileEx(Handle, 0, 1, 0, &at);
    }

    private static NativeOverlapped LockedByte => new() { OffsetHigh = unchecked((int)LockedByteOffsetHigh) };

    private int Lock(uint flags)
    {
        NativeOverlapped at = LockedByte;
        return Kernel32.LockFileEx(Handle, flags, 0, 1, 0, &at) ? 0 : Marshal.GetLastPInvokeError();
    }
}
