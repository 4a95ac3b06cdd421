using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>The system calls on open files that .NET does not offer, or offers with other semantics.</summary>
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
    internal const int ENxIo = 6;
    internal const int EAcces = 13;
    internal const int EExist = 17;
    internal const int ENotDir = 20;

    /// <summary>
    /// No error of the system: <see cref="TryOpenRegular"/> opened something that is no regular file, and closed it again.
    /// </summary>
    internal const int ENotRegular = -1;

    private const int ReadOnly = 0;
    private const int ReadWrite = 2;

    private const int LinuxNoFollow = 0x20000;
    private const int LinuxNoFollowOnArmAndPower = 0x8000;

    internal static readonly bool IsLinux = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid();

    internal static readonly int ENameTooLong = IsLinux ? 36 : 63;
    internal static readonly int ENoSys = IsLinux ? 38 : 78;

    /// <summary>EWOULDBLOCK, which is EAGAIN on all of them, but not the same number.</summary>
    internal static readonly int EWouldBlock = IsLinux ? 11 : 35;

    // O_CLOEXEC: without it a child process would inherit the descriptor, and with it the lock, and keep it after this process has ended.
    internal static readonly int CloseOnExec = IsLinux ? 0x80000 : OperatingSystem.IsFreeBSD() ? 0x100000 : 0x1000000;

    // What open says of a symbolic link under O_NOFOLLOW: ELOOP, but EMLINK on FreeBSD.
    private static readonly int ELink = IsLinux ? 40 : OperatingSystem.IsFreeBSD() ? 31 : 62;

    // What open says of a socket on macOS and FreeBSD: EOPNOTSUPP.
    private static readonly int EOpNotSupp = IsLinux ? 95 : OperatingSystem.IsFreeBSD() ? 45 : 102;

    // O_NONBLOCK: opening a FIFO whose other end no one has open would block for as long as that lasts. It changes nothing for a regular
    // file, nor does flock heed it.
    // O_NOCTTY: a terminal must not become the controlling one of this process.
    private static readonly int NeverBlock = IsLinux ? 0x800 | 0x100 : 0x4 | (OperatingSystem.IsFreeBSD() ? 0x8000 : 0x20000);

    // O_NOFOLLOW: on Linux the number depends on the processor, and that of one is O_LARGEFILE of the other.
    private static readonly int NoFollow = !IsLinux ? 0x100
        : RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 or Architecture.Armv6 or Architecture.Ppc64le
            ? LinuxNoFollowOnArmAndPower
        : LinuxNoFollow;

    /// <summary>The user by whose rights this process opens files.</summary>
    internal static uint EffectiveUserId => GetEffectiveUserId();

    /// <summary>
    /// Opens a regular file by its very name: follows no link there, never blocks, and takes no <c>flock</c>, as every managed open does.
    /// </summary>
    /// <param name="path">The file; its directory may be reached through links.</param>
    /// <param name="forWriting">Whether it is opened for reading and writing, or for reading only.</param>
    /// <param name="identity">
    /// What the system says of the opened file; <see langword="null"/> where it cannot be asked, which says nothing about the file.
    /// </param>
    /// <param name="errno">0, the system's error, or <see cref="ENotRegular"/>; <see cref="Describe"/> has words for each.</param>
    /// <returns>The handle, or <see langword="null"/> with the error.</returns>
    internal static SafeFileHandle? TryOpenRegular(string path, bool forWriting, out FileIdentity? identity, out int errno)
    {
        identity = null;
        SafeFileHandle? handle = TryOpen(path, (forWriting ? ReadWrite : ReadOnly) | NoFollow, out errno);
        if (handle is not null && (identity = FileIdentity.TryRead(handle)) is { IsRegularFile: false })
        {
            handle.Dispose();
            identity = null;
            errno = ENotRegular;
            return null;
        }

        return handle;
    }

    /// <summary>Opens an existing file or directory for reading, without a <c>flock</c>; never blocks.</summary>
    internal static SafeFileHandle? TryOpenRead(string path, bool followLinks, out int errno) =>
        TryOpen(path, ReadOnly | (followLinks ? 0 : NoFollow), out errno);

    /// <summary>Says what an error of <see cref="TryOpenRegular"/> means, as the end of a sentence.</summary>
    internal static string Describe(int errno) =>
        errno == ELink ? $"it is a symbolic link (errno {errno})"
        : IsWrongKind(errno) ? "it is not a regular file"
        : $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";

    /// <summary>
    /// Whether an error of <see cref="TryOpenRegular"/> says that something other than a regular file has the name: a link, a pipe, a
    /// device, a socket (ENXIO).
    /// </summary>
    internal static bool IsWrongKind(int errno) => errno is ENotRegular or ENxIo || errno == ELink || errno == EOpNotSupp;

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
            descriptor = Open(path, flags | CloseOnExec | NeverBlock);
            errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (errno == EIntr);

        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    // Two parameters only: open is variadic, and on Apple arm64 a variadic third argument goes on the stack, where a P/Invoke does not
    // put it.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockOnce(SafeFileHandle descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
