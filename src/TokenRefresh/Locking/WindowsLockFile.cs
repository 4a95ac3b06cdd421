using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>
/// A lock file under <c>LockFileEx</c>. One byte far past the end: locked bytes are mandatory on Windows, and the record must stay
/// readable.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe class WindowsLockFile(string path, SafeFileHandle handle) : LockFile(path, handle)
{
    private const uint LockedByteOffsetHigh = 0x4000_0000;

    internal static WindowsLockFile Open(string path, string credentialsPath)
    {
        if (string.Equals(path, credentialsPath, StringComparison.OrdinalIgnoreCase))
        {
            throw IsTheCredentials(path);
        }

        SafeFileHandle? handle = null;
        try
        {
            // No FileShare.Delete: while anyone has it open, it cannot be deleted. Synchronous: a blocking lock then blocks this thread
            // until it is granted.
            handle = WindowsFile.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            Check(path, credentialsPath, handle);
            return new WindowsLockFile(path, handle);
        }
        catch (Exception e)
        {
            handle?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw CannotBe(handle is null ? "opened" : "checked", path, e is UnauthorizedAccessException ? 5 : e.HResult & 0xFFFF, e);
            }

            throw;
        }
    }

    internal static SafeFileHandle? OpenForReading(string path)
    {
        try
        {
            return WindowsFile.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            // Not asked for first: the credentials, which are opened here too, are gone for a moment in each replacement. Of a directory
            // Windows says that access is denied.
            return null;
        }
    }

    internal override bool TryAcquire()
    {
        int error = Lock(Kernel32.Exclusive | Kernel32.FailImmediately);
        return error switch
        {
            0 => true,
            Kernel32.ErrorLockViolation or Kernel32.ErrorIoPending => false,
            _ => throw CannotBe("locked", Path, error),
        };
    }

    internal override void Acquire()
    {
        if (Lock(Kernel32.Exclusive) is not 0 and int error)
        {
            throw CannotBe("locked", Path, error);
        }
    }

    internal override void Release()
    {
        NativeOverlapped at = LockedByte;
        Kernel32.UnlockFileEx(Handle, 0, 1, 0, &at);
    }

    // Windows deletes no file that is open without FileShare.Delete.
    internal override bool IsAtPath() => true;

    // By the handle: a drive letter or a link may lead to another computer.
    protected override bool IsOnDoubtfulFileSystem() => WindowsPath.IsRemote(WindowsFile.FinalPath(Handle) ?? Path);

    private static NativeOverlapped LockedByte => new() { OffsetHigh = unchecked((int)LockedByteOffsetHigh) };

    // Another program's file, or the credentials under another name of theirs (in other case, by its short name, by a hard link), must
    // not be written into.
    private static void Check(string path, string credentialsPath, SafeFileHandle file)
    {
        if (File.GetAttributes(file).HasFlag(FileAttributes.ReparsePoint) || File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint))
        {
            throw Refuse(path, "cannot be used: it is a link", "Remove it");
        }

        using SafeFileHandle? credentials = OpenForReading(credentialsPath);
        if (FileIdentity.TryRead(file) is { } identity)
        {
            if (credentials is not null && identity.IsSameFileAs(FileIdentity.TryRead(credentials)))
            {
                throw IsTheCredentials(path);
            }

            if (identity.Links > 1)
            {
                throw HasOtherNames(path, identity.Links);
            }
        }

        if (!LockFileFormat.IsLockFile(file))
        {
            throw IsForeign(path);
        }
    }

    private int Lock(uint flags)
    {
        NativeOverlapped at = LockedByte;
        return Kernel32.LockFileEx(Handle, flags, 0, 1, 0, &at) ? 0 : Marshal.GetLastPInvokeError();
    }
}
