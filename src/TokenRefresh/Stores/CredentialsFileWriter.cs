using Microsoft.Extensions.Logging;
using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <summary>The write of one lease: a temp file beside the target, which takes the target's place.</summary>
internal sealed partial class CredentialsFileWriter(IFileOperations files, CredentialsFilePaths paths, ILogger logger)
{
    private ITempFile? _temp;
    private CredentialsFileContent? _lost;

    /// <summary>What became of one try to save.</summary>
    internal enum Outcome
    {
        /// <summary>It is done: the file was replaced, durably, or needs no change.</summary>
        Done,

        /// <summary>The file was written in place, durably. The temp file is kept as a backup until <see cref="Drop"/>.</summary>
        WrittenInPlace,

        /// <summary>Nothing was written: the file is gone or unreadable, maybe in the middle of another program's save. Look again.
        /// </summary>
        Unsettled,

        /// <summary>Another program wrote the file since it was read: read and merge again.</summary>
        Changed,

        /// <summary>Another program on Windows has the file open, and lets go soon.</summary>
        InUse,
    }

    /// <summary>Gets whether the temp file is held, which tells others that an exchange is under way.</summary>
    internal bool IsPrepared => _temp is not null;

    /// <summary>Gets what the file held before a replacement that failed half-way and left no file; the temp file is then the only copy of
    /// the login. <see langword="null"/> otherwise.</summary>
    internal CredentialsFileContent? Lost => _lost;

    /// <summary>Gets why the file was in use.</summary>
    internal CredentialsSaveException? Refusal { get; private set; }

    /// <summary>Writes, flushes and renames, if the file still is what was merged into.</summary>
    /// <exception cref="CredentialsSaveException">The new login was not stored, or not durably.</exception>
    internal Outcome Save(CredentialsFileContent mergedFrom, byte[] bytes)
    {
        var isReplacing = false;
        try
        {
            if (_lost != mergedFrom)
            {
                WriteTemp(bytes);

                // The last look. In the microseconds between it and the rename, what a program that ignores the lock writes is lost.
                if (!IsStill(mergedFrom.Bytes))
                {
                    return Outcome.Changed;
                }
            }

            isReplacing = true;
            if (mergedFrom.IsMountPoint || !TryReplace(_temp!))
            {
                WriteInPlace(mergedFrom.Bytes, bytes);
                return Outcome.WrittenInPlace;
            }

            _lost = null;
            files.FlushDirectory(paths.Directory);
            KeepBackup();
            return Outcome.Done;
        }
        catch (Exception e) when (FileErrors.IsInUse(e))
        {
            Abandon(isReplacing ? mergedFrom : null);
            Refusal = Failure(e);
            return Outcome.InUse;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Abandon(isReplacing ? mergedFrom : null);
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

    /// <summary>Removes the temp file, if it is still there and not the only copy of the login.</summary>
    internal void Drop()
    {
        if (_temp is null)
        {
            return;
        }

        if (_lost is not null && IsTargetGone())
        {
            KeepBackup();
            return;
        }

        // Windows deletes no open file; elsewhere it is deleted while it is held, so that no process sees it unheld and believes the
        // exchange over.
        _temp.ReleaseForReplace();
        try
        {
            files.Delete(_temp.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Removed by the next holder of the lock.
        }

        _temp.Dispose();
        _temp = null;
    }

    private CredentialsSaveException Failure(Exception cause) =>
        new(
            $"The credentials could not be saved to '{paths.Target}': {cause.Message} "
            + "Make its directory writable for this user and leave room on its disk.",
            cause);

    private void WriteTemp(byte[] bytes)
    {
        if (_lost is not null)
        {
            // Another program has stored a login since.
            Drop();
            _lost = null;
        }

        _temp ??= Create(bytes.Length);

        // If a mode or owner that could be kept when the save was prepared cannot be kept now, the tokens are saved all the same, with the
        // stricter mode.
        _temp.InheritFrom(paths.Target);
        _temp.Write(bytes);
        _temp.Flush();
    }

    // A file system that replaces in two steps, as Windows' ReplaceFile does (1176, 1177), may fail with the old file gone. Then the temp
    // file is renamed at the next try.
    private void Abandon(CredentialsFileContent? replacing)
    {
        _lost = replacing is { Exists: true } && IsTargetGone() ? replacing : null;
        if (_lost is null)
        {
            Drop();
        }
    }

    private bool IsTargetGone()
    {
        try
        {
            return files.Read(paths.Target, out _, out _) is null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
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
