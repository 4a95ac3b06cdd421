using Microsoft.Win32.SafeHandles;
using TokenRefresh.Diagnostics;
using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <content>What comes before anything is sent: the temp file, and the look for those of others.</content>
internal sealed partial class CredentialsFileWriter
{
    // What other programs may have added to the file by the time of the save must fit too.
    private const long SpareRoom = 64 * 1024;

    // Another process can take a temp file for a left-over only if it sweeps under another lock file, one that was made after ours had been
    // deleted.
    private const int TriesToCreate = 20;

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
            Log.LeftOverStays(logger, path);
        }
    }
}
