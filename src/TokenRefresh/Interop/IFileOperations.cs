namespace TokenRefresh.Interop;

/// <summary>Everything the file store does to the file system: the seam at which tests inject faults.</summary>
internal interface IFileOperations
{
    /// <summary>Follows symbolic links to the file they end at, which may be missing.</summary>
    string Resolve(string path);

    /// <summary>Reads a whole file of at most 16 MiB, without hindering a program that replaces it, and without waiting for
    /// anything.</summary>
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

    /// <summary>Looks for what would keep a file from being replaced by a rename.</summary>
    /// <returns>What it is and how it is put right, or <see langword="null"/> if there is nothing, or no file.</returns>
    string? FindObstacle(string target);

    /// <summary>Creates a file that only this user may read, from the first system call on, with room really allocated.</summary>
    /// <returns>The file, or <see langword="null"/> if another process took it for a left-over in the moment before it was held; one with
    /// another name will do.</returns>
    ITempFile? TryCreateTemp(string path, long allocate);

    /// <summary>Removes a temp file that is ours and that no process holds; one that is not ours is left alone.</summary>
    /// <param name="path">The temp file.</param>
    /// <param name="target">The file it is for, whose owner or group tells whether it is ours.</param>
    /// <returns><see langword="false"/> if it is ours and another process holds it.</returns>
    bool TryRemoveLeftOver(string path, string target);

    /// <summary>Lists the temp files of a directory whose names start so.</summary>
    IReadOnlyList<string> List(string directory, string prefix);

    /// <summary>Renames over the target, atomically.</summary>
    /// <returns><see langword="false"/> if no rename can ever replace it: a mount point, or another file system.</returns>
    bool TryReplace(string path, string target);

    /// <summary>Checks that a file that cannot be replaced can be written, and makes room for a longer content.</summary>
    void EnsureWritable(string path, long length);

    /// <summary>Makes a rename in this directory durable.</summary>
    void FlushDirectory(string directory);

    /// <summary>Overwrites the file in place, in one write that never shortens it, and flushes it.</summary>
    void WriteInPlace(string path, ReadOnlySpan<byte> bytes);

    /// <summary>Deletes a file; nothing happens if it is missing.</summary>
    void Delete(string path);
}
