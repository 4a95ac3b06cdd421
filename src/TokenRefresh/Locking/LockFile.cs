using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>One open lock file: the only thing in the library that locks and unlocks.</summary>
/// <remarks>
/// Not for concurrent use: a descriptor excludes no other thread of its process, so <see cref="SharedFileLock"/> gives it to one holder at
/// a time. The lock file is never deleted and never renamed: a process that waits for the old file and one that creates a new one would
/// both be granted.
/// </remarks>
internal abstract class LockFile(string path, SafeFileHandle handle, IFileOperations? files = null) : IDisposable
{
    private bool? _mayBlockForever;

    internal readonly string Path = path;

    internal readonly SafeFileHandle Handle = handle;

    internal readonly IFileOperations Files = files ?? FileOperations.Default;

    /// <summary>Whether a second handle was seen to be refused; only a pass is remembered.</summary>
    internal bool HasPassedSelfTest;

    /// <summary>
    /// Whether a blocked lock may never wake on its file system. Asked only by a thread that has to wait, since finding out takes longer
    /// than taking the lock.
    /// </summary>
    internal bool MayBlockForever => _mayBlockForever ??= IsOnDoubtfulFileSystem();

    /// <summary>Opens the lock file, creating it for its owner only if it is missing.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="credentialsPath">
    /// The credentials that it guards, links resolved: their owner may own it, and it must not be them.
    /// </param>
    /// <param name="files">The file system; <see langword="null"/> for the real one.</param>
    /// <exception cref="LockUnavailableException">
    /// It can be neither opened nor created, or is not a lock file of ours. Nothing was written.
    /// </exception>
    internal static LockFile Open(string path, string credentialsPath, IFileOperations? files = null) =>
        OperatingSystem.IsWindows()
            ? WindowsLockFile.Open(path, credentialsPath)
            : UnixLockFile.Open(path, credentialsPath, files ?? FileOperations.Default);

    /// <summary>Reads through the path, not through the handle: shows the file that the next opener would lock.</summary>
    /// <returns>The number of bytes read; 0 if no lock file can be opened there.</returns>
    /// <exception cref="LockUnavailableException">
    /// It is there and cannot be read now, for example since no descriptor is left. Whether it is the locked file is then not known.
    /// </exception>
    internal int ReadThroughPath(Span<byte> buffer)
    {
        try
        {
            using SafeFileHandle? there = OpenForReading(Path, Files);
            return there is null ? 0 : Files.Read(there, buffer, 0);
        }
        catch (Exception e) when (OperatingSystem.IsWindows() && e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
        catch (IOException e)
        {
            throw FileErrors.LockUnavailable("The lock file cannot be checked", e, "Check its disk.");
        }
    }

    /// <summary>Opens a lock file for reading, which hinders no holder. Never blocks.</summary>
    /// <returns>The handle, or <see langword="null"/> if there is no such file, or no regular one, or this user may not read it.</returns>
    /// <exception cref="IOException">
    /// It is there and cannot be opened now. Not the same as an empty record, whose reader would forget what must not be sent again.
    /// </exception>
    internal static SafeFileHandle? OpenForReading(string path, IFileOperations? files = null) =>
        OperatingSystem.IsWindows()
            ? WindowsLockFile.OpenForReading(path)
            : UnixLockFile.OpenForReading(path, files ?? FileOperations.Default);

    /// <summary>Takes the lock if it is free.</summary>
    /// <exception cref="LockUnavailableException">Anything but "another one holds it".</exception>
    internal abstract bool TryAcquire();

    /// <summary>Takes the lock, blocking the calling thread for as long as another process holds it. Cannot be cancelled.</summary>
    internal abstract void Acquire();

    internal abstract void Release();

    /// <summary>
    /// Whether the path still names this file, as far as the system tells. A hint for a thread that waits; a holder checks it by its nonce.
    /// </summary>
    internal abstract bool IsAtPath();

    protected abstract bool IsOnDoubtfulFileSystem();

    protected static LockUnavailableException CannotBe(string act, string path, int error, Exception? inner = null) =>
        FileErrors.IsExhausted(error)
            ? new(
                $"The lock file '{path}' cannot be {act}: {Marshal.GetPInvokeErrorMessage(error)} (error {error}). Nothing was sent. "
                + FileErrors.ExhaustedRemedy,
                inner)
            {
                IsTransient = true,
            }
        : Refuse(path, $"cannot be {act}: {Marshal.GetPInvokeErrorMessage(error)} (error {error})",
            System.IO.Path.GetDirectoryName(path) is { Length: > 0 } directory && !Directory.Exists(directory)
                ? $"Create the directory '{directory}'"
            : Directory.Exists(path) ? "Remove the directory of that name"
            : "Grant this user access to it",
            inner);

    protected static LockUnavailableException Refuse(string path, string reason, string remedy, Exception? inner = null) => new(
        $"The lock file '{path}' {reason}. {remedy}, or set 'LockPath' to a place that every program sharing these credentials can write.",
        inner);

    protected static LockUnavailableException IsTheCredentials(string path) =>
        Refuse(path, "is the credentials file itself, which a save replaces", "Remove 'LockPath' to have the lock beside the credentials");

    protected static LockUnavailableException HasOtherNames(string path, uint links) =>
        Refuse(path, $"has {links} names (hard links), of which another may be any file", "Remove it");

    protected static LockUnavailableException IsForeign(string path) =>
        Refuse(path, "is another program's: it does not hold what a lock file holds, and was left as it is", "Move it away");

    public void Dispose() => Handle.Dispose();
}
