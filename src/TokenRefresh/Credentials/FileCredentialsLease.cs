using TokenRefresh.Locking;

namespace TokenRefresh.Credentials;

/// <summary>The lease of the file store: reads, probes and saves under the lock.</summary>
internal sealed class FileCredentialsLease : ICredentialsLease
{
    // What other programs may have added to the file by the time of the save must fit too.
    private const long SpareRoom = 64 * 1024;

    // Two processes that sweep at once do so because the lock file was deleted; they part by themselves.
    private const int TriesToCreate = 20;

    // A program that saves by delete and rename, or by truncate and write, has finished after that.
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(20);

    private readonly FileCredentialsStore _store;
    private readonly CredentialsFilePlace _place;
    private readonly LockEngine _engine;
    private readonly LockHold _hold;
    private ICredentialsTempFile? _probe;
    private bool _isDisposed;

    internal FileCredentialsLease(FileCredentialsStore store, CredentialsFilePlace place, LockEngine engine, LockHold hold)
    {
        _store = store;
        _place = place;
        _engine = engine;
        _hold = hold;
    }

    private ICredentialsFileOperations Files => _store.Files;

    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        (await _store.Reader.ReadAsync(_place.Target, cancellationToken).ConfigureAwait(false)).Credentials;

    public ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        // First our own probe, then the look for others, then the lock's identity. If the lock file was deleted under us, the next holder of the new one makes its probe before it looks:
        // whichever of the two looks second sees the other's, so never both go on.
        bool isAlone;
        try
        {
            _probe ??= CreateProbe();
            isAlone = SweepLeftOvers();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsFileException(_place.Target,
                $"'{_place.Target}' could not be saved after a refresh: {e.Message} Nothing was sent. Make its directory writable for this user and leave room on its disk.", e);
        }

        if (isAlone && _hold.IsStillTheFile() && _store.Locate() == _place)
        {
            return new(true);
        }

        DropProbe();
        return new(false);
    }

    public async ValueTask<CredentialsCommit> CommitAsync(OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
    {
        long start = _store.TimeProvider.GetTimestamp();
        while (true)
        {
            CredentialsFileContent current = await ReadSettledAsync(expected, cancellationToken).ConfigureAwait(false);
            if (!OAuthCredentials.AreSameLogin(expected, current.Credentials))
            {
                return CredentialsCommit.Superseded(current.Credentials);
            }

            if (next is null && current.Credentials is null)
            {
                return CredentialsCommit.Committed(null);
            }

            byte[] bytes = next is null ? current.Document.Without() : current.Document.With(next);
            if (await SaveAsync(current.Bytes, bytes).ConfigureAwait(false))
            {
                return ReadBack(next);
            }

            if (_store.TimeProvider.GetElapsedTime(start) > _store.Settings.SaveTimeout)
            {
                throw new CredentialsSaveException($"The credentials could not be saved to '{_place.Target}': another program writes it faster than it can be merged. End that program.");
            }
        }
    }

    public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
    {
        _hold.WriteRecord(record.Span, durable);
        return default;
    }

    public ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            DropProbe();
            _hold.Dispose();
            LockEngines.Return(_engine);
        }

        return default;
    }

    private ICredentialsTempFile CreateProbe()
    {
        if (Files.IsMountPoint(_place.Target))
        {
            Files.EnsureWritable(_place.Target);
        }

        for (var tries = 1; ; tries++)
        {
            try
            {
                return Files.CreatePrivate(_place.NewTempPath(), (Files.Read(_place.Target)?.Length ?? 0) + SpareRoom);
            }
            catch (TempFileSweptException) when (tries < TriesToCreate)
            {
                // Whoever sweeps beside us holds another lock file; ours was deleted, or will turn out to be.
            }
        }
    }

    private bool SweepLeftOvers()
    {
        var isAlone = true;
        foreach (string path in Files.List(_place.Directory, _place.TempPrefix, CredentialsFilePlace.TempSuffix))
        {
            isAlone &= path == _probe!.Path || Files.TryRemoveLeftOver(path);
        }

        return isAlone;
    }

    // A file that is gone or half written when we come to save is looked at again before it is called a logout or a defect.
    private async ValueTask<CredentialsFileContent> ReadSettledAsync(OAuthCredentials? expected, CancellationToken cancellationToken)
    {
        long start = _store.TimeProvider.GetTimestamp();
        while (true)
        {
            CredentialsFileContent? content = _store.Reader.TryRead(_place.Target, out CredentialsFileException? problem);
            if (content is not null && (expected is null || content.Credentials is not null))
            {
                return content;
            }

            if (_store.TimeProvider.GetElapsedTime(start) >= SettleTime)
            {
                return content ?? throw problem!;
            }

            await Task.Delay(SettlePause, _store.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes, flushes and renames, if the file still is what was merged into.</summary>
    /// <returns><see langword="false"/> if another program wrote it meanwhile: read and merge again.</returns>
    private async ValueTask<bool> SaveAsync(byte[] mergedFrom, byte[] bytes)
    {
        try
        {
            _probe ??= CreateProbe();
            _probe.Write(bytes);
            _probe.InheritFrom(_place.Target);
            _probe.Flush();

            // The last look. Between it and the rename lie microseconds that stay open to a program that ignores the lock.
            if (!mergedFrom.AsSpan().SequenceEqual(Files.Read(_place.Target) ?? []))
            {
                return false;
            }

            _probe.ReleaseForReplace();
            await ReplaceAsync(_probe.Path, bytes).ConfigureAwait(false);
            Files.FlushDirectory(_place.Directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            DropProbe();
            throw new CredentialsSaveException($"The credentials could not be saved to '{_place.Target}': {e.Message} Make its directory writable for this user and leave room on its disk.", e);
        }

        _probe.Dispose();
        _probe = null;
        return true;
    }

    private async ValueTask ReplaceAsync(string path, byte[] bytes)
    {
        var pause = TimeSpan.FromMilliseconds(2);
        long start = _store.TimeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                Files.Replace(path, _place.Target);
                return;
            }
            catch (CannotReplaceException)
            {
                Files.WriteInPlace(_place.Target, bytes);
                Files.Delete(path);
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException
                && OperatingSystem.IsWindows() && _store.TimeProvider.GetElapsedTime(start) < _store.Settings.SaveTimeout)
            {
                // A virus scanner or a reader without FileShare.Delete has the file open; both let go soon.
            }

            await Task.Delay(pause, _store.TimeProvider).ConfigureAwait(false);
            pause = TimeSpan.FromMilliseconds(Math.Min(50, pause.TotalMilliseconds * 2));
        }
    }

    // Another refresh token than ours is another writer that came right after us, not a failed save.
    private CredentialsCommit ReadBack(OAuthCredentials? next)
    {
        CredentialsFileContent? stored = _store.Reader.TryRead(_place.Target, out CredentialsFileException? problem);
        if (stored is null)
        {
            throw new CredentialsSaveException($"What was saved to '{_place.Target}' cannot be read back. {problem!.Message}", problem);
        }

        return OAuthCredentials.AreSameLogin(next, stored.Credentials) ? CredentialsCommit.Committed(stored.Credentials) : CredentialsCommit.Superseded(stored.Credentials);
    }

    private void DropProbe()
    {
        if (_probe is null)
        {
            return;
        }

        // Windows deletes no open file; elsewhere it is deleted while it is held, so that nobody sees it unheld and believes the exchange over.
        _probe.ReleaseForReplace();
        try
        {
            Files.Delete(_probe.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Swept by the next holder of the lease.
        }

        _probe.Dispose();
        _probe = null;
    }
}
