using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// The system calls of a save and its lock with nothing around them: what any correct library must pay on Linux and macOS.
/// </summary>
internal static partial class SystemCalls
{
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int LockUnlock = 8;
    private static readonly int CloseOnExec = OperatingSystem.IsLinux() ? 0x80000 : 0x1000000;

    internal static SafeFileHandle OpenLockFile(string path)
    {
        if (!File.Exists(path))
        {
            CreateLockFile(path);
        }

        return Check(Open(path, ReadWrite | CloseOnExec), path);
    }

    internal static SafeFileHandle OpenForReading(string path) => Check(Open(path, ReadOnly | CloseOnExec), path);

    internal static bool TryLock(SafeFileHandle file) => Flock(file, LockExclusive | LockNonBlocking) == 0;

    internal static void Unlock(SafeFileHandle file) => Check(Flock(file, LockUnlock));

    internal static void Replace(string path, string target) => Check(Rename(path, target));

    internal static void FlushDirectory(string directory)
    {
        using SafeFileHandle handle = OpenForReading(directory);
        RandomAccess.FlushToDisk(handle);
    }

    // Not what opens it: .NET takes a shared flock, which fails while another process has the lock.
    private static void CreateLockFile(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first.
        }
    }

    private static SafeFileHandle Check(int descriptor, string path) =>
        descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException($"'{path}': {Marshal.GetLastPInvokeErrorMessage()}");

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string path, string target);
}
