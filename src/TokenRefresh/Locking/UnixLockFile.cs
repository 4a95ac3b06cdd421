using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>A lock file under <c>flock(2)</c>: Linux, macOS and the BSDs.</summary>
/// <remarks>
/// Called directly, since <see cref="FileShare.None"/> swallows every error but EWOULDBLOCK (on a file system without locks both of two openers "hold" it) and does nothing
/// when <c>DOTNET_SYSTEM_IO_DISABLEFILELOCKING</c> is set. <c>flock(1)</c> of util-linux takes part.
/// </remarks>
[UnsupportedOSPlatform("windows")]
internal sealed class UnixLockFile : LockFile
{
    private UnixLockFile(string path, SafeFileHandle handle)
        : base(path, handle)
    {
    }

    internal static new UnixLockFile Open(string path)
    {
        for (var tries = 0; ; tries++)
        {
            // Read and write: NFS emulates an exclusive flock by a byte-range lock that needs a writable descriptor.
            if (Libc.TryOpenRegular(path, forWriting: true, out _, out int errno) is { } handle)
            {
                UnixOwner.GiveToOwnerOf(System.IO.Path.ChangeExtension(System.IO.Path.ChangeExtension(path, null), null), handle);
                return new UnixLockFile(path, handle);
            }

            // Somebody may delete the file between creation and open; that somebody will not keep doing so for ever.
            if (errno != Libc.ENoEnt || tries == 100)
            {
                throw Unavailable(path, "opened", errno);
            }

            Create(path);
        }
    }

    internal override bool TryAcquire()
    {
        int errno = Libc.Flock(Handle, Libc.LockExclusive | Libc.LockNonBlocking);
        return errno == 0 || (errno == Libc.EWouldBlock ? false : throw Unavailable(Path, "locked", errno));
    }

    internal override void Acquire()
    {
        if (Libc.Flock(Handle, Libc.LockExclusive) is not 0 and int errno)
        {
            throw Unavailable(Path, "locked", errno);
        }
    }

    internal override void Release() => Libc.Flock(Handle, Libc.LockUnlock);

    // Managed, for the mode from the first system call; closed at once, for its own flock would refuse our P/Invoke one.
    private static void Create(string path)
    {
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            new FileStream(path, options).Dispose();
        }
        catch (IOException e) when (e.HResult == Libc.EWouldBlock)
        {
            // It was created, and before the managed open could take its own flock another process had it locked.
        }
        catch (IOException e) when (e.HResult == Libc.EExist || File.Exists(path))
        {
            // Another process created it first; it may be deleted again by now.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // HResult is the errno, 30 for a read-only file system, unless .NET has a type for it.
            int errno = e switch
            {
                UnauthorizedAccessException => Libc.EAcces,
                DirectoryNotFoundException => Libc.ENoEnt,
                PathTooLongException => Libc.ENameTooLong,
                _ => e.HResult & 0xFFFF,
            };
            throw Unavailable(path, "created", errno, e);
        }
    }
}
