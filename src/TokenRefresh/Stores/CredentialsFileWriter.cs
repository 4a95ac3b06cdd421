using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <summary>The write of one lease: a temp file beside the target, which takes the target's place.</summary>
internal sealed class CredentialsFileWriter(IFileOperations files, CredentialsFilePaths paths)
{
    // What other programs may have added to the file by the time of the save must fit too.
    private const long SpareRoom = 64 * 1024;

    // Another process can take a temp file for a left-over only if it sweeps under another lock file, one that was made after ours had been
    // deleted.
    private const int TriesToCreate = 20;

    private ITempFile? _temp;

    /// <summary>What became of a save.</summary>
    internal enum Outcome
    {
        /// <summary>The file was replaced, durably.</summary>
        Replaced,

        /// <summary>The file was written in place, durably. The temp file is kept as a backup until <see cref="Drop"/>.</summary>
        WrittenInPlace,

        /// <summary>Another program wrote the file since it was read: read and merge again.</summary>
        Changed,

        /// <summary>Another program on Windows has the file open, and lets go soon.</summary>
        InUse,
    }

    /// <summary>Gets whether the temp file is held, which tells others that an exchange is under way.</summary>
    internal bool IsPrepared => _temp is not null;

    /// <summary>Gets why the file was in use.</summary>
    internal CredentialsSaveException? Refusal { get; private set; }

    /// <summary>Makes sure that a save can succeed, and removes what others left behind.</summary>
    /// <param name="content">What the file holds, or <see langword="null"/> if it cannot be understood.</param>
    /// <param name="obstacle">What would keep a save from succeeding, or <see langword="null"/>.</param>
    /// <returns>Whether no other process holds a temp file, which would mean another exchange.</returns>
    /// <exception cref="IOException">There is no room, or the directory cannot be written.</exception>
    internal bool Prepare(CredentialsFileContent? content, out string? obstacle)
    {
        long length = (content?.Bytes.Length ?? 0) + SpareRoom;
        obstacle = null;
        if (content is { IsMountPoint: true })
        {
            files.EnsureWritable(paths.Target, length);
        }
        else
        {
            obstacle = files.FindObstacle(paths.Target);
        }

        if (obstacle is null)
        {
            _temp ??= Create(length);
            obstacle = _temp.InheritFrom(paths.Target);
        }

        return obstacle is not null || IsAlone(content?.BackupPath);
    }

    /// <summary>Writes, flushes and renames, if the file still is what was merged into.</summary>
    /// <exception cref="CredentialsSaveException">The new login was not stored, or not durably.</exception>
    internal Outcome Save(CredentialsFileContent mergedFrom, byte[] bytes)
    {
        try
        {
            _temp ??= Create(bytes.Length);

            // If a mode or owner that could be kept when the save was prepared cannot be kept now, the tokens are saved all the same, with
            // the stricter mode.
            _temp.InheritFrom(paths.Target);
            _temp.Write(bytes);
            _temp.Flush();

            // The last look. In the microseconds between it and the rename, what a program that ignores the lock writes is lost.
            if (!IsStill(mergedFrom.Bytes))
            {
                return Outcome.Changed;
            }

            if (mergedFrom.IsMountPoint || !TryReplace(_temp))
            {
                WriteInPlace(mergedFrom.Bytes, bytes);
                return Outcome.WrittenInPlace;
            }

            files.FlushDirectory(paths.Directory);
            _temp.Dispose();
            _temp = null;
            return Outcome.Replaced;
        }
        catch (Exception e) when (FileErrors.IsInUse(e))
        {
            Drop();
            Refusal = Failure(e);
            return Outcome.InUse;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Drop();
            throw Failure(e);
        }
    }

    /// <summary>Makes a rename durable whose flush failed before.</summary>
    /// <exception cref="CredentialsSaveException">It fails again.</exception>
    internal void FlushDirectory()
    {
        try
        {
            files.FlushDirectory(paths.Directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(e);
        }
    }

    /// <summary>Leaves the temp file for the next holder of the lock, who finishes a write in place from it.</summary>
    internal void KeepBackup()
    {
        _temp?.Dispose();
        _temp = null;
    }

    /// <summary>Removes the temp file, if it is still there.</summary>
    internal void Drop()
    {
        if (_temp is null)
        {
            return;
        }

        // Windows deletes no open file; elsewhere it is deleted while it is held, so that no process sees it unheld and believes the
        // exchange over.
        _temp.ReleaseForReplace();
        TryDelete(_temp.Path);
        _temp.Dispose();
        _temp = null;
    }

    private CredentialsSaveException Failure(Exception cause) =>
        new(
            $"The credentials could not be saved to '{paths.Target}': {cause.Message} "
            + "Make its directory writable for this user and leave room on its disk.",
            cause);

    private ITempFile Create(long length)
    {
        for (var tries = 1; ; tries++)
        {
            if (files.TryCreateTemp(paths.NewTempPath(), length) is { } temp)
            {
                // Others delete left-overs under an exclusive flock. So a file that still has its name once we have the shared lock will
                // keep it. Any other failure only means that others may take this for a left-over; the lock still excludes them.
                if (OperatingSystem.IsWindows()
                    || (temp.LockShared() != Libc.EWouldBlock
                        && (files.Identify(temp.Path, followLinks: false, out int errno) is not null || errno != Libc.ENoEnt)))
                {
                    return temp;
                }

                temp.Dispose();
            }

            if (tries == TriesToCreate)
            {
                throw new IOException($"Another process keeps removing the temp files in '{paths.Directory}'.");
            }
        }
    }

    private bool IsAlone(string? backup)
    {
        var isAlone = true;
        foreach (string path in paths.FindTempFiles(files))
        {
            if (path != _temp!.Path && path != backup)
            {
                isAlone &= TryRemoveLeftOver(path);
            }
        }

        return isAlone;
    }

    // False if it is ours and another process holds it. One that is not ours is left alone.
    private bool TryRemoveLeftOver(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // What is held cannot be deleted, and no second exchange can hold it: there the lock file cannot be deleted while it is open.
            TryDelete(path);
            return true;
        }

        using SafeFileHandle? file = files.TryOpen(path, forWriting: false, out FileIdentity? identity, out _);
        if (file is null || !FileOperations.IsOurs(identity, files.Identify(paths.Target, followLinks: false, out _)))
        {
            // The file is gone, or another user's: then it belongs to no exchange with these credentials, even if it is locked.
            return true;
        }

        // Only what is provably held by no process is deleted, and under this lock: where flock does not work, a left-over stays and the
        // lock alone excludes.
        int errno = files.Lock(file, Libc.LockExclusive | Libc.LockNonBlocking);
        if (errno == 0)
        {
            TryDelete(path);
        }

        return errno != Libc.EWouldBlock;
    }

    // A left-over that may not be deleted hinders no refresh: the next holder of the lock tries again.
    private void TryDelete(string path)
    {
        try
        {
            files.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private bool IsStill(byte[] bytes) => bytes.AsSpan().SequenceEqual(files.Read(paths.Target, out _, out _));

    private bool TryReplace(ITempFile temp)
    {
        temp.ReleaseForReplace();
        return files.TryReplace(temp.Path, paths.Target);
    }

    // The only write that is no rename: onto a single file that is mounted into a container. A crash in its middle leaves neither the old
    // login nor the new one in the file; the temp file, complete and durable by then, is what the next holder of the lock finishes it from.
    private void WriteInPlace(byte[] before, byte[] bytes)
    {
        files.FlushDirectory(paths.Directory);
        try
        {
            files.WriteInPlace(paths.Target, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!IsStill(before))
            {
                KeepBackup();
            }

            throw;
        }
    }
}
