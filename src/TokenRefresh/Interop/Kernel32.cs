using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>The system calls of Windows on files that .NET does not offer.</summary>
[SupportedOSPlatform("windows")]
internal static unsafe partial class Kernel32
{
    // Of LockFileEx.
    internal const uint FailImmediately = 1;
    internal const uint Exclusive = 2;

    // Of CreateFile: access, share mode, disposition, flags.
    internal const uint NoAccess = 0;
    internal const uint Delete = 0x1_0000;
    internal const uint ReadControl = 0x2_0000;
    internal const uint ShareAll = 7;
    internal const uint OpenExisting = 3;
    internal const uint OpenReparsePoint = 0x20_0000;
    internal const uint BackupSemantics = 0x200_0000;

    // Of GetFileType.
    internal const uint DiskFile = 1;

    // Of GetKernelObjectSecurity.
    internal const uint DiscretionaryAccessList = 4;

    internal const int ErrorInvalidFunction = 1;
    internal const int ErrorAccessDenied = 5;
    internal const int ErrorLockViolation = 33;
    internal const int ErrorNotSupported = 50;
    internal const int ErrorInvalidParameter = 87;
    internal const int ErrorAlreadyExists = 183;
    internal const int ErrorIoPending = 997;

    [LibraryImport("kernel32", EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    internal static partial SafeFileHandle CreateFile(
        string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

    [LibraryImport("kernel32", EntryPoint = "CreateDirectoryW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool CreateDirectory(string path, nint security);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool LockFileEx(
        SafeFileHandle file, uint flags, uint reserved, uint bytesLow, uint bytesHigh, NativeOverlapped* overlapped);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool UnlockFileEx(
        SafeFileHandle file, uint reserved, uint bytesLow, uint bytesHigh, NativeOverlapped* overlapped);

    [LibraryImport("kernel32", SetLastError = true)]
    internal static partial uint GetFileType(SafeFileHandle file);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool GetFileInformationByHandle(SafeFileHandle file, byte* information);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool SetFileInformationByHandle(SafeFileHandle file, int kind, byte* information, uint size);

    [LibraryImport("kernel32", EntryPoint = "GetFinalPathNameByHandleW", SetLastError = true)]
    internal static partial uint GetFinalPathNameByHandle(SafeFileHandle file, char* path, uint size, uint flags);

    [LibraryImport("advapi32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool GetKernelObjectSecurity(SafeFileHandle file, uint parts, byte* security, uint size, out uint needed);

    [LibraryImport("advapi32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    internal static partial bool SetKernelObjectSecurity(SafeFileHandle file, uint parts, byte* security);
}
