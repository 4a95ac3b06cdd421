using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>One open lock file: the only thing in the library that locks and unlocks.</summary>
/// <remarks>
/// Not for concurrent use: a descriptor excludes nobody inside its process, so <see cref="SharedFileLock"/> lets one lease at a time near it.
/// The lock file is never deleted and never renamed: a process that waits for the old file and one that creates a new one would both be granted.
/// </remarks>
internal abstract class LockFile : IDisposable
{
    protected LockFile(string path, SafeFileHandle handle)
    {
        Path = path;
        Handle = handle;
    }

    internal string Path { get; }

    internal SafeFileHandle Handle { get; }

    /// <summary>Whether a second handle was seen to be refused; only a pass is remembered.</summary>
    internal bool HasPassedSelfTest { get; set; }

    /// <summary>Whether a blocked lock may never wake on its file system; <see langword="null"/> until that was looked up, which takes longer than the lock.</summary>
    internal bool? MayBlockForEver { get; set; }

    /// <summary>Opens the lock file, creating it for its owner only if it is missing.</summary>
    /// <exception cref="LockUnavailableException">It can be neither opened nor created.</exception>
    internal static LockFile Open(string path) =>
        OperatingSystem.IsWindows() ? WindowsLockFile.Open(path) : UnixLockFile.Open(path);

    /// <summary>Reads through the path, not through the handle: shows the file that the next opener would lock.</summary>
    /// <returns>The number of bytes read; 0 if nothing can be opened there.</returns>
    /// <exception cref="LockUnavailableException">It is there and cannot be read now, for want of a descriptor for one: no reason to take it for another file, and to try again at once.</exception>
    internal static int ReadThroughPath(string path, long offset, Span<byte> buffer)
    {
        try
        {
            using SafeFileHandle? handle = OpenForReading(path);
            return handle is null ? 0 : RandomAccess.Read(handle, buffer, offset);
        }
        catch (Exception e) when (OperatingSystem.IsWindows() && e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
        catch (IOException e)
        {
            throw new LockUnavailableException($"The lock file cannot be checked: {e.Message} Nothing was sent. Close files, or raise this process's limit of open ones.", e);
        }
    }

    /// <summary>Opens a lock file for reading its record, which hinders no holder.</summary>
    /// <returns>The handle, or <see langword="null"/> if there is no such file, or can be none, or this user may not read it.</returns>
    /// <exception cref="IOException">It is there and cannot be opened now. Not the same as an empty record, whose reader would forget what must not be sent again.</exception>
    internal static SafeFileHandle? OpenForReading(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return WindowsLockFile.OpenForReading(path);
        }

        return Libc.TryOpenRead(path, out int errno) is { } handle ? handle
            : errno is Libc.ENoEnt or Libc.EAcces or Libc.ENotDir || errno == Libc.ENameTooLong ? null
            : throw new IOException($"'{path}' cannot be read: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).", errno);
    }

    /// <summary>Takes the lock if it is free.</summary>
    /// <exception cref="LockUnavailableException">Anything but "another one holds it".</exception>
    internal abstract bool TryAcquire();

    /// <summary>Takes the lock, blocking the calling thread for as long as another process holds it. Cannot be cancelled.</summary>
    internal abstract void Acquire();

    internal abstract void Release();

    public void Dispose() => Handle.Dispose();

    protected static LockUnavailableException Unavailable(string path, string act, int error, Exception? inner = null)
    {
        string remedy = System.IO.Path.GetDirectoryName(path) is { Length: > 0 } directory && !Directory.Exists(directory) ? $"Create the directory '{directory}'"
            : Directory.Exists(path) ? "Remove the directory of that name"
            : "Grant this user access to it";
        return new($"The lock file '{path}' cannot be {act}: {Marshal.GetPInvokeErrorMessage(error)} (error {error}). {remedy}, or set 'LockPath' to a place that every program sharing these credentials can write.", inner);
    }
}
