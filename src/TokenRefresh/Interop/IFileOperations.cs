using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>
/// Everything the file store and, except on Windows, its lock do to the file system: the seam at which tests inject faults, and over which
/// they walk the interleavings of several processes.
/// </summary>
internal interface IFileOperations
{
    /// <summary>Follows links to the file they end at, which may be missing, and gives its one path: on Windows in the disk's own case,
    /// with long names, and that of the share for a network drive.</summary>
    /// <exception cref="IOException">They cannot be followed, or lead to what is no file's path on Windows.</exception>
    string Resolve(string path);

    /// <summary>Reads a whole file of at most 16 MiB, without hindering a program that replaces it. Waits for nothing, but on Windows, for
    /// 2 seconds at most, for a program that has the file open without sharing it.</summary>
    /// <param name="path">The file, with every link resolved.</param>
    /// <param name="identity">What the system says of the very file that was read; <see langword="null"/> if there is none, or the system
    /// does not say.</param>
    /// <param name="isMountPoint">Whether the file is mounted by itself, so that no rename can replace it.</param>
    /// <returns>The bytes, or <see langword="null"/> if the file or its directory is missing.</returns>
    /// <exception cref="IOException">It is larger, or no regular file, or cannot be read.</exception>
    byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint);

    /// <summary>Creates the missing directories of a path, each for this user alone; those that root makes belong to the owner of the
    /// directory around them.</summary>
    void CreateDirectory(string path);

    /// <summary>Creates one directory, for this user alone; one that root makes belongs to the owner of the directory around it.</summary>
    /// <returns><see langword="false"/> if something has that name already.</returns>
    /// <exception cref="IOException">It cannot be created.</exception>
    bool TryCreateDirectory(string path);

    /// <summary>Removes an empty directory; nothing happens if it is missing.</summary>
    void RemoveDirectory(string path);

    /// <summary>Sets when a directory was last changed.</summary>
    void SetModified(string path, DateTimeOffset at);

    /// <summary>Asks about the directory, file or link that has this name; a link is not followed.</summary>
    /// <returns><see langword="null"/> if there is nothing, or the system does not say.</returns>
    FileIdentity? IdentifyEntry(string path);

    /// <summary>Looks for what would keep a file from being replaced by a rename.</summary>
    /// <returns>What it is and how it is put right, or <see langword="null"/> if there is nothing, or no file.</returns>
    string? FindObstacle(string target);

    /// <summary>Creates a file that only this user may read, from the first system call on, with room really allocated.</summary>
    /// <returns>The file, or <see langword="null"/> if another process took it for a left-over in the moment before it was locked; one with
    /// another name will do.</returns>
    ITempFile? TryCreateTemp(string path, long allocate);

    /// <summary>Lists the temp files of a directory whose names start so.</summary>
    IReadOnlyList<string> List(string directory, string prefix);

    /// <summary>Renames over the target, atomically.</summary>
    /// <returns><see langword="false"/> if no rename can ever replace it: a mount point, or another file system.</returns>
    bool TryReplace(string path, string target);

    /// <summary>Gives a file another name, one that is free, and takes the access of all but its owner to it.</summary>
    /// <returns><see langword="false"/> if it can never be renamed: a mount point.</returns>
    bool TryMoveAside(string path, string aside);

    /// <summary>Checks that a file that cannot be replaced can be written, and makes room for a longer content.</summary>
    void EnsureWritable(string path, long length);

    /// <summary>Makes a rename in this directory durable.</summary>
    void FlushDirectory(string directory);

    /// <summary>Overwrites the file in place, in one write that never shortens it, and flushes it.</summary>
    void WriteInPlace(string path, ReadOnlySpan<byte> bytes);

    /// <summary>Deletes a file; nothing happens if it is missing.</summary>
    void Delete(string path);

    /// <summary>Creates an empty file for its owner only, and closes it.</summary>
    /// <exception cref="IOException">There is one already, or it cannot be created.</exception>
    [UnsupportedOSPlatform("windows")]
    void CreateNew(string path);

    /// <inheritdoc cref="Libc.TryOpenRegular"/>
    [UnsupportedOSPlatform("windows")]
    SafeFileHandle? TryOpen(string path, bool forWriting, out FileIdentity? identity, out int errno);

    /// <inheritdoc cref="FileIdentity.TryRead(string, bool, out int)"/>
    [UnsupportedOSPlatform("windows")]
    FileIdentity? Identify(string path, bool followLinks, out int errno);

    /// <inheritdoc cref="Libc.Flock"/>
    [UnsupportedOSPlatform("windows")]
    int Lock(SafeFileHandle file, int operation);

    /// <summary>Reads from an open file.</summary>
    /// <returns>The number of bytes read; 0 at the end.</returns>
    int Read(SafeFileHandle file, Span<byte> buffer, long offset);

    /// <summary>Writes to an open file, in one write.</summary>
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Makes what was written to an open file durable.</summary>
    void Flush(SafeFileHandle file);
}
