using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Diagnostics;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>A lock of another program by the operating system's lock of a whole file. Nothing is ever written into the file.</summary>
/// <remarks>
/// Tried at intervals and not waited for in the system: what waits there cannot be cancelled. Opened anew for each try, since programs may
/// delete such a file.
/// </remarks>
internal sealed class CompatibleLockFile(string path, string credentialsPath, IFileOperations files, ILogger logger) : ICompatibleLock
{
    // A program that deletes the file between two steps does not do so this often in a row.
    private const int Tries = 10;

    private SafeFileHandle? _file;

    public string Path => path;

    public bool TryAcquire()
    {
        try
        {
            for (var tries = 1; tries <= Tries; tries++)
            {
                _file = Open();
                if (_file is null)
                {
                    continue;
                }

                int error = Lock(_file);
                if (error == 0 && IsAtPath(_file))
                {
                    return true;
                }

                Release();
                if (IsHeldByOther(error))
                {
                    return false;
                }

                if (error != 0)
                {
                    throw new IOException($"it cannot be locked: {Marshal.GetPInvokeErrorMessage(error)} (error {error}).", error);
                }
            }

            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.LockUnavailable(
                $"The lock file '{path}' of another program cannot be used",
                e,
                "Grant this user access to it, or correct 'CompatibleLocks'.");
        }
    }

    public bool Renew()
    {
        if (_file is null)
        {
            return false;
        }

        bool isHeld = IsAtPath(_file);
        if (!isHeld)
        {
            Log.CompatibleLockLost(logger, path);
        }

        return isHeld;
    }

    public void Release()
    {
        if (_file is null)
        {
            return;
        }

        // Unlocked first: a child that was forked and has not called exec yet still has the open file, and would keep the lock.
        if (OperatingSystem.IsWindows())
        {
            WindowsFile.Unlock(_file);
        }
        else
        {
            files.Lock(_file, Libc.LockUnlock);
        }

        _file.Dispose();
        _file = null;
    }

    public string Describe() => "another process holds it";

    private static bool IsHeldByOther(int error) =>
        OperatingSystem.IsWindows() ? error is Kernel32.ErrorLockViolation or Kernel32.ErrorIoPending : error == Libc.EWouldBlock;

    private int Lock(SafeFileHandle file) =>
        OperatingSystem.IsWindows() ? WindowsFile.Lock(file) : files.Lock(file, Libc.LockExclusive | Libc.LockNonBlocking);

    private bool IsAtPath(SafeFileHandle file)
    {
        FileIdentity? locked = FileIdentity.TryRead(file);
        return locked is null || locked.IsSameFileAs(files.IdentifyEntry(path));
    }

    // Null if it was missing, or deleted again since it was made: to be opened in the next try.
    private SafeFileHandle? Open()
    {
        if (OperatingSystem.IsWindows())
        {
            return WindowsFile.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }

        // For writing too: NFS emulates an exclusive flock by a byte-range lock that needs a writable descriptor.
        SafeFileHandle? file = files.TryOpen(path, forWriting: true, out FileIdentity? identity, out int errno);
        if (file is null && errno == Libc.ENoEnt)
        {
            Create();
        }
        else if (file is null)
        {
            throw new IOException($"{Libc.Describe(errno)}.", errno);
        }
        else if (identity?.IsSameFileAs(files.Identify(credentialsPath, followLinks: true, out _)) == true)
        {
            file.Dispose();
            throw new IOException("it is the credentials file itself, which a save replaces.");
        }

        return file;
    }

    [UnsupportedOSPlatform("windows")]
    private void Create()
    {
        try
        {
            files.CreateNew(path);
        }
        catch (IOException e) when (e.HResult == Libc.EWouldBlock || e.HResult == Libc.EExist)
        {
            // The other program has just made it.
            return;
        }

        using SafeFileHandle? created = files.TryOpen(path, forWriting: false, out _, out _);
        if (created is not null)
        {
            UnixOwner.GiveToOwnerOf(credentialsPath, created);
        }
    }
}
