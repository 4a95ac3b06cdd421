using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <summary>The write of one lease: the probe beside the target, which becomes the credentials file, or the stash if it may not.</summary>
internal sealed class CredentialsFileWriter(FileCredentialsStore store, CredentialsFilePaths place)
{
    // What other programs may have added to the file by the time of the save must fit too.
    private const long SpareRoom = 64 * 1024;

    // Two processes that sweep at once do so because the lock file was deleted; they part by themselves.
    private const int TriesToCreate = 20;

    private ITempFile? _probe;

    /// <summary>Gets whether the probe is held, which tells others that an exchange is in flight.</summary>
    internal bool IsPrepared => _probe is not null;

    /// <summary>Gets whether a save could not replace the file, and wrote it in place.</summary>
    internal bool HasWrittenInPlace { get; private set; }

    private IFileOperations Files => store.Files;

    /// <summary>Makes sure that a save can succeed, and removes what others left behind.</summary>
    /// <param name="content">What the file holds, or <see langword="null"/> if it cannot be understood.</param>
    /// <returns>Whether nobody else holds a probe.</returns>
    internal bool Prepare(CredentialsFileContent? content)
    {
        _probe ??= CreateProbe(content?.Bytes.Length ?? Files.Read(place.Target)?.Length ?? 0);
        string? stash = content?.InterruptedStash ?? CredentialsStash.PathOf(place, content?.Credentials);
        var isAlone = true;
        foreach (string path in Files.List(place.Directory, place.TempPrefix, ""))
        {
            if (place.IsTemp(path))
            {
                isAlone &= path == _probe.Path || Files.TryRemoveLeftOver(path);
            }
            else if (content is not null && path != stash && place.IsStash(path))
            {
                // The successor of a pair that is not stored any more: another login, or none, took its place.
                TryDelete(path);
            }
        }

        return isAlone;
    }

    /// <summary>Writes, flushes and renames, if the file still is what was merged into.</summary>
    /// <param name="mergedFrom">The bytes that were read.</param>
    /// <param name="bytes">The bytes to be stored.</param>
    /// <param name="stash">Where the successor of the stored pair waits or would wait, or <see langword="null"/>.</param>
    /// <returns><see langword="false"/> if another program wrote it meanwhile: read and merge again.</returns>
    /// <exception cref="CredentialsSaveException">The old file is still there.</exception>
    internal async ValueTask<bool> SaveAsync(byte[] mergedFrom, byte[] bytes, string? stash)
    {
        try
        {
            WriteProbe(bytes);

            // The last look. Between it and the rename lie microseconds that stay open to a program that ignores the lock.
            if (!mergedFrom.AsSpan().SequenceEqual(Files.Read(place.Target) ?? []))
            {
                return false;
            }

            _probe!.ReleaseForReplace();
            await ReplaceAsync(bytes, stash).ConfigureAwait(false);
            Files.FlushDirectory(place.Directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Drop();
            throw Failure(e);
        }

        _probe?.Dispose();
        _probe = null;
        if (stash is not null && Files.Exists(stash))
        {
            TryDelete(stash);
        }

        return true;
    }

    /// <summary>Makes a rename durable whose flush failed before.</summary>
    /// <exception cref="CredentialsSaveException">It fails again.</exception>
    internal void FlushDirectory()
    {
        try
        {
            Files.FlushDirectory(place.Directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(e);
        }
    }

    /// <summary>Keeps bytes beside the target, durably.</summary>
    /// <returns><see langword="false"/> if the directory does not take a new file either.</returns>
    internal bool TryStash(byte[] bytes, string stash)
    {
        try
        {
            WriteProbe(bytes);
            return TryMoveProbeTo(stash);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            Drop();
        }
    }

    /// <summary>Removes the probe, if it is still there.</summary>
    internal void Drop()
    {
        if (_probe is null)
        {
            return;
        }

        // Windows deletes no open file; elsewhere it is deleted while it is held, so that nobody sees it unheld and believes the exchange over.
        _probe.ReleaseForReplace();
        TryDelete(_probe.Path);
        _probe.Dispose();
        _probe = null;
    }

    private CredentialsSaveException Failure(Exception cause) =>
        new($"The credentials could not be saved to '{place.Target}': {cause.Message} Make its directory writable for this user and leave room on its disk.", cause);

    private ITempFile CreateProbe(long length)
    {
        if (store.Reader.IsMountPoint(place.Target))
        {
            Files.EnsureWritable(place.Target);
        }

        for (var tries = 1; ; tries++)
        {
            try
            {
                return Files.CreatePrivate(place.NewTempPath(), length + SpareRoom);
            }
            catch (TempFileSweptException) when (tries < TriesToCreate)
            {
                // Whoever sweeps beside us holds another lock file; ours was deleted, or will turn out to be.
            }
        }
    }

    private void WriteProbe(byte[] bytes)
    {
        _probe ??= CreateProbe(bytes.Length);
        _probe.Write(bytes);
        _probe.InheritFrom(place.Target);
        _probe.Flush();
    }

    private async ValueTask ReplaceAsync(byte[] bytes, string? stash)
    {
        var pause = TimeSpan.FromMilliseconds(2);
        long start = store.TimeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                Files.Replace(_probe!.Path, place.Target);
                return;
            }
            catch (CannotReplaceException)
            {
                HasWrittenInPlace = true;
                WriteInPlace(bytes, stash);
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException
                && OperatingSystem.IsWindows() && store.TimeProvider.GetElapsedTime(start) < store.Settings.SaveTimeout)
            {
                // A virus scanner or a reader without FileShare.Delete has the file open; both let go soon.
            }

            await Task.Delay(pause, store.TimeProvider).ConfigureAwait(false);
            pause = TimeSpan.FromMilliseconds(Math.Min(50, pause.TotalMilliseconds * 2));
        }
    }

    // A crash in the middle of this write leaves neither the old pair nor the new one in the file; the stash has it then.
    private void WriteInPlace(byte[] bytes, string? stash)
    {
        byte[]? before = Files.Read(place.Target);
        if (stash is null || !TryMoveProbeTo(stash))
        {
            stash = null;
            Drop();
        }

        try
        {
            Files.WriteInPlace(place.Target, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Refused as a whole: then the stash would announce a change that its caller is told did not happen.
            if (stash is not null && before.AsSpan().SequenceEqual(Files.Read(place.Target)))
            {
                TryDelete(stash);
            }

            throw;
        }
    }

    private bool TryMoveProbeTo(string stash)
    {
        try
        {
            _probe!.ReleaseForReplace();
            Files.Replace(_probe.Path, stash);
            _probe.Dispose();
            _probe = null;
            Files.FlushDirectory(place.Directory);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void TryDelete(string path)
    {
        try
        {
            Files.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not needed any more; removed by the next holder of the lease.
        }
    }
}
