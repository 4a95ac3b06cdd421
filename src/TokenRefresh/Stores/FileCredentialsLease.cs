using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>The lease of the file store: reads, probes and saves under the lock.</summary>
internal sealed class FileCredentialsLease : ICredentialsLease, IPairStash
{
    // A program that saves by delete and rename, or by truncate and write, has finished after that.
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(20);

    private readonly FileCredentialsStore _store;
    private readonly CredentialsFilePaths _place;
    private readonly SharedFileLock _engine;
    private readonly LockHandle _hold;
    private readonly CredentialsFileWriter _writer;
    private CredentialsFileContent? _content;
    private bool _hasTriedToUnstash;
    private bool _isDisposed;

    internal FileCredentialsLease(FileCredentialsStore store, CredentialsFilePaths place, SharedFileLock engine, LockHandle hold)
    {
        _store = store;
        _place = place;
        _engine = engine;
        _hold = hold;
        _writer = new CredentialsFileWriter(store, place);
    }

    public string Location => _place.Target;

    public string LockPath => _place.LockPath;

    public bool HasWrittenInPlace => _writer.HasWrittenInPlace;

    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        CredentialsFileContent content = _content = await _store.ReadContentAsync(_place, _content, cancellationToken).ConfigureAwait(false);
        OAuthCredentials? latest = _store.Stash.Latest(_place, content.Credentials);

        // Once a lease, and never with the probe in hand: it tells others of the exchange that follows.
        if ((content.InterruptedStash is not null || !ReferenceEquals(latest, content.Credentials)) && !_hasTriedToUnstash && !_writer.IsPrepared)
        {
            _hasTriedToUnstash = true;
            await TryUnstashAsync(content, latest!).ConfigureAwait(false);
        }

        return latest;
    }

    public ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        // First our own probe, then the look for others, then the lock's identity. If the lock file was deleted under us, the next holder of the new one makes its probe before it looks:
        // whichever of the two looks second sees the other's, so never both go on.
        bool isAlone;
        CredentialsFileException? problem = null;
        try
        {
            isAlone = _writer.Prepare(_content ?? _store.TryReadContent(_place, known: null, out problem));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot even be read says more about the cause: a directory in its place, for one.
            throw problem is { InnerException: IOException or UnauthorizedAccessException } ? problem : new CredentialsFileException(_place.Target,
                $"'{_place.Target}' cannot be saved: {e.Message} Nothing was sent or changed. Make its directory writable for this user and leave room on its disk.", e);
        }

        if (isAlone && _hold.PathNamesLockedFile() && _store.Locate() == _place)
        {
            return new(true);
        }

        _writer.Drop();
        return new(false);
    }

    public async ValueTask<CredentialsCommit> CommitAsync(OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
    {
        long start = _store.TimeProvider.GetTimestamp();
        while (true)
        {
            CredentialsFileContent current = await ReadSettledAsync(expected, cancellationToken).ConfigureAwait(false);
            OAuthCredentials? latest = _store.Stash.Latest(_place, current.Credentials);

            if (!OAuthCredentials.AreSameLogin(expected, latest))
            {
                if (next is null || !next.IsSamePair(latest))
                {
                    return CredentialsCommit.Superseded(latest);
                }

                // Renamed already, but then the directory could not be flushed.
                if (next.IsSamePair(current.Credentials))
                {
                    _writer.FlushDirectory();
                    return CredentialsCommit.Committed(latest);
                }

                // A stashed pair is the stored one for everybody, but its save is not done before it stands in the file.
            }

            if (next is null && current.Credentials is null)
            {
                return CredentialsCommit.Committed(null);
            }

            byte[] bytes = next is null ? current.Document.Without() : current.Document.With(next);
            if (await _writer.SaveAsync(current.Bytes, bytes, StashOf(current)).ConfigureAwait(false))
            {
                return ReadBack(next);
            }

            if (_store.TimeProvider.GetElapsedTime(start) > _store.Settings.SaveTimeout)
            {
                throw new CredentialsSaveException($"The credentials could not be saved to '{_place.Target}': another program writes it faster than it can be merged. End that program.");
            }
        }
    }

    public bool TryStash(OAuthCredentials replaced, OAuthCredentials successor)
    {
        if (_store.TryReadContent(_place, _content, out _) is not { } content || StashOf(content) is not { } stash)
        {
            return false;
        }

        OAuthCredentials? latest = _store.Stash.Latest(_place, content.Credentials);
        return successor.IsSamePair(latest)
            || (OAuthCredentials.AreSameLogin(replaced, latest) && _writer.TryStash(content.Document.With(successor), stash));
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
            _writer.Drop();
            _hold.Dispose();
            SharedFileLocks.Return(_engine);
        }

        return default;
    }

    private string? StashOf(CredentialsFileContent content) => content.InterruptedStash ?? CredentialsStash.PathOf(_place, content.Credentials);

    // What could not be done when the pair came may be possible by now: a disk has room again, a mount is writable again.
    private async ValueTask TryUnstashAsync(CredentialsFileContent content, OAuthCredentials successor)
    {
        try
        {
            await _writer.SaveAsync(content.Bytes, content.Document.With(successor), StashOf(content)).ConfigureAwait(false);
        }
        catch (CredentialsSaveException)
        {
            // It waits on, for everybody to use.
        }
        finally
        {
            _writer.Drop();
        }
    }

    // A file that is gone or half written when we come to save is looked at again before it is called a logout or a defect.
    private async ValueTask<CredentialsFileContent> ReadSettledAsync(OAuthCredentials? expected, CancellationToken cancellationToken)
    {
        long start = _store.TimeProvider.GetTimestamp();
        while (true)
        {
            CredentialsFileContent? content = _store.TryReadContent(_place, _content, out CredentialsFileException? problem);
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

    // Another refresh token than ours is another writer that came right after us, not a failed save.
    private CredentialsCommit ReadBack(OAuthCredentials? next)
    {
        CredentialsFileContent? stored = _store.Reader.TryRead(_place.Target, known: null, out CredentialsFileException? problem);
        if (stored is null)
        {
            throw new CredentialsSaveException($"What was saved to '{_place.Target}' cannot be read back. {problem!.Message}", problem);
        }

        return OAuthCredentials.AreSameLogin(next, stored.Credentials) ? CredentialsCommit.Committed(stored.Credentials) : CredentialsCommit.Superseded(stored.Credentials);
    }
}
