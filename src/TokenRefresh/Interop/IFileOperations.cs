namespace TokenRefresh.Interop;

/// <summary>Everything the file store does to the file system: the seam at which tests inject faults.</summary>
internal interface IFileOperations
{
    /// <summary>Follows symbolic links to the file they end at, which may be missing.</summary>
    string Resolve(string path);

    /// <summary>Whether the path is itself a mount point (a bind-mounted file), which no rename can replace.</summary>
    bool IsMountPoint(string path);

    /// <summary>Whether there is a file.</summary>
    bool Exists(string path);

    /// <summary>Reads a whole file without hindering whoever replaces it.</summary>
    /// <returns>The bytes, or <see langword="null"/> if the file or its directory is missing.</returns>
    byte[]? Read(string path);

    /// <summary>Creates a missing directory for this user alone.</summary>
    void CreateDirectory(string path);

    /// <summary>Creates a file that only this user may read, from the first system call on, with room really allocated.</summary>
    ITempFile CreatePrivate(string path, long allocate);

    /// <summary>Removes a temp file that nobody holds.</summary>
    /// <returns><see langword="false"/> if somebody holds it.</returns>
    bool TryRemoveLeftOver(string path);

    /// <summary>Lists the files of a directory whose names start and end so.</summary>
    IReadOnlyList<string> List(string directory, string prefix, string suffix);

    /// <summary>Renames over the target, atomically.</summary>
    /// <exception cref="IOException">The target can never be replaced by a rename: a mount point, or another file system.</exception>
    void Replace(string path, string target);

    /// <summary>Checks that the file itself can be written, where it cannot be replaced.</summary>
    void EnsureWritable(string path);

    /// <summary>Makes a rename in this directory durable.</summary>
    void FlushDirectory(string directory);

    /// <summary>Overwrites the file in place, in one write that never shortens it, and flushes it.</summary>
    void WriteInPlace(string path, ReadOnlySpan<byte> bytes);

    /// <summary>Deletes a file; nothing happens if it is missing.</summary>
    void Delete(string path);
}
