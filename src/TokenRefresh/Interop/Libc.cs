using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>The few system calls of the lock that .NET does not offer, or offers with other semantics.</summary>
/// <remarks>The library name must be exactly "libc": the loader maps that to the platform's C library.</remarks>
[UnsupportedOSPlatform("windows")]
internal static partial class Libc
{
    // The same numbers on Linux, macOS and the BSDs.
    internal const int LockShared = 1;
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int LockUnlock = 8;

    internal const int ENoEnt = 2;
    internal const int EIntr = 4;
    internal const int EAcces = 13;
    internal const int ENotDir = 20;
    internal const int EExist = 17;

    internal static readonly int ENameTooLong = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? 36 : 63;

    private const int ReadOnly = 0;
    private const int ReadWrite = 2;

    /// <summary>EWOULDBLOCK, which is EAGAIN on all of them, but not the same number.</summary>
    internal static readonly int EWouldBlock = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? 11 : 35;

    // Without it a child process would inherit the descriptor, and with it the lock, and keep it after our death.
    internal static readonly int CloseOnExec = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? 0x80000
        : OperatingSystem.IsFreeBSD() ? 0x100000
        : 0x1000000;

    /// <summary>Opens an existing file for reading and writing, without the <c>flock</c> that every managed open takes.</summary>
    /// <returns>The handle, or <see langword="null"/> with the error in <paramref name="errno"/>.</returns>
    internal static SafeFileHandle? TryOpenReadWrite(string path, out int errno) => TryOpen(path, ReadWrite | CloseOnExec, out errno);

    /// <summary>Opens an existing file or directory for reading, without a <c>flock</c>.</summary>
    internal static SafeFileHandle? TryOpenRead(string path, out int errno) => TryOpen(path, ReadOnly | CloseOnExec, out errno);

    /// <summary>Calls <c>flock</c> until it is not interrupted.</summary>
    /// <returns>0, or the error number.</returns>
    internal static int Flock(SafeFileHandle handle, int operation)
    {
        while (FlockOnce(handle, operation) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != EIntr)
            {
                return errno;
            }
        }

        return 0;
    }

    private static SafeFileHandle? TryOpen(string path, int flags, out int errno)
    {
        int descriptor;
        do
        {
            descriptor = Open(path, flags);
            errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (errno == EIntr);

        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    // Two parameters only: open is variadic, and on Apple arm64 a variadic third argument goes on the stack, where a P/Invoke does not put it.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockOnce(SafeFileHandle descriptor, int operation);
}
