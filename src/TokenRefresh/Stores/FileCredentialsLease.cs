using TokenRefresh.Interop;
using TokenRefresh.Locking;
using Outcome = TokenRefresh.Stores.CredentialsFileWriter.Outcome;

namespace TokenRefresh.Stores;

/// <summary>The lease of the file store: reads, prepares and saves under the lock, all at the places that were resolved when it was
/// granted.</summary>
internal sealed partial class FileCredentialsLease(
    FileCredentialsStore store,
    CredentialsFilePaths paths,
    SharedFileLock fileLock,
    LockHandle handle)
    : ICredentialsLease, IDamagedFileLease
{
    // By then, a program that saves by delete and rename, or by truncate and write, has finished.
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _time = store.TimeProvider;
    private readonly CredentialsFileWriter _writer = new(store.Files, paths, store.Logger);
    private CredentialsFileContent? _content;
    private bool _hasTriedToFinish;
    private bool _isDisposed;

    public string Location => paths.Target;

    public string LockPath => paths.LockPath;

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<CredentialsFileContent> reading = store.Reader.ReadAsync(paths, cancellationToken);
        return reading.IsCompletedSuccessfully ? new(Accept(reading.Result)) : AcceptLaterAsync(reading);
    }

    public ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        // First our own temp file, then the look for others, then the lock's identity. If the lock file was deleted under us, the next
        // holder of the new one makes its temp file before it looks: the one of the two that looks second sees the other's, so never both
        // go on.
        bool isAlone;
        string? obstacle;
        Exception? cause = null;
        CredentialsFileException? problem = null;
        try
        {
            isAlone = _writer.Prepare(_content ?? store.Reader.TryRead(paths, out problem), out obstacle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            isAlone = true;
            string remedy = FileErrors.IsExhausted(e)
                ? FileErrors.ExhaustedRemedy
                : "Make its directory writable for this user and leave room on its disk.";
            obstacle = $"{e.Message} {remedy}";
            cause = e;
        }

        if (obstacle is not null)
        {
            _writer.Drop();

            // If the file cannot even be read, that error tells more of the cause: a directory in its place, for example.
            throw problem is { InnerException: IOException or UnauthorizedAccessException }
                ? problem
                : new CredentialsFileException(
                    paths.Target,
                    $"'{paths.Target}' cannot be saved: {obstacle} Nothing was sent or changed.",
                    cause)
                {
                    IsTransient = FileErrors.IsExhausted(cause),
                };
        }

        if (isAlone && handle.PathNamesLockedFile() && store.Resolve().IsSame(paths))
        {
            return new(true);
        }

        _writer.Drop();
        return new(false);
    }

    public ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected,
        OAuthCredentials? next,
        CancellationToken cancellationToken = default) =>
        TryCommit(expected, next, isSettled: false, out CredentialsCommit commit) == Outcome.Done
            ? new(commit)
            : CommitLaterAsync(expected, next, cancellationToken);

    public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
    {
        handle.WriteRecord(record.Span, durable);
        return default;
    }

    private async ValueTask<OAuthCredentials?> AcceptLaterAsync(ValueTask<CredentialsFileContent> reading) =>
        Accept(await reading.ConfigureAwait(false));

    private OAuthCredentials? Accept(CredentialsFileContent content)
    {
        // Once a lease, and never with the temp file in hand: it tells others of the exchange that follows.
        if (content.BackupPath is not null && !_hasTriedToFinish && !_writer.IsPrepared)
        {
            _hasTriedToFinish = true;
            content = Finish(content);
        }

        _content = content;
        return content.Credentials;
    }

    // Finishes a write in place that a crash interrupted. The backup it is finished from is removed with the other left-overs when the next
    // save is prepared.
    private CredentialsFileContent Finish(CredentialsFileContent content)
    {
        try
        {
            _writer.Save(content, content.Document.With(content.Credentials!));
        }
        catch (CredentialsSaveException)
        {
            // The backup is still there, for the next holder of the lock.
        }

        CredentialsFileContent? finished = store.Reader.TryRead(paths, out _);
        if (finished is not { BackupPath: null })
        {
            _writer.KeepBackup();
            return finished ?? content;
        }

        _writer.Drop();
        return finished;
    }

    private async ValueTask<CredentialsCommit> CommitLaterAsync(
        OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            TimeSpan elapsed = _time.GetElapsedTime(start);
            Outcome outcome = TryCommit(expected, next, elapsed >= SettleTime, out CredentialsCommit commit);
            if (outcome == Outcome.Done)
            {
                return commit;
            }

            if (outcome != Outcome.Unsettled && elapsed > store.Settings.SaveTimeout)
            {
                throw (outcome == Outcome.InUse ? _writer.Refusal : null) ?? new CredentialsSaveException(
                    $"The credentials could not be saved to '{paths.Target}': "
                    + "another program writes it faster than it can be merged. End that program.");
            }

            if (outcome != Outcome.Changed)
            {
                await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Never WrittenInPlace: the commit says that.
    private Outcome TryCommit(OAuthCredentials? expected, OAuthCredentials? next, bool isSettled, out CredentialsCommit commit)
    {
        commit = default;
        CredentialsFileContent? current = store.Reader.TryRead(paths, out CredentialsFileException? problem);
        if (current is { Exists: false })
        {
            current = _writer.Lost ?? current;
        }

        // A file that is gone or half written when we come to save is looked at again before it is called a logout or a defect.
        if (!isSettled && (current is null || (expected is not null && current.Credentials is null)))
        {
            return Outcome.Unsettled;
        }

        if (current is null)
        {
            throw problem!;
        }

        if (!OAuthCredentials.AreSameLogin(expected, current.Credentials))
        {
            if (next is null || !next.HasSameTokens(current.Credentials))
            {
                commit = CredentialsCommit.Superseded(current.Credentials);
                return Outcome.Done;
            }

            if (!current.IsMountPoint)
            {
                // Renamed already, but then the directory could not be flushed.
                _writer.FlushDirectory();
                commit = CredentialsCommit.Committed(current.Credentials);
                return Outcome.Done;
            }
        }

        if (next is null && current.Credentials is null)
        {
            commit = CredentialsCommit.Committed(null);
            return Outcome.Done;
        }

        byte[] bytes = next is null ? current.Document.Without() : current.Document.With(next, _time.GetUtcNow());
        Outcome outcome = _writer.Save(current, bytes);
        if (outcome is Outcome.Changed or Outcome.InUse)
        {
            return outcome;
        }

        commit = ReadBack(next, outcome == Outcome.WrittenInPlace);
        return Outcome.Done;
    }

    // Another refresh token than ours is another writer that came right after us, not a failed save.
    private CredentialsCommit ReadBack(OAuthCredentials? next, bool isInPlace)
    {
        CredentialsFileContent? stored = store.Reader.TryRead(paths, out CredentialsFileException? problem);
        if (stored is not { BackupPath: null })
        {
            _writer.KeepBackup();
            throw new CredentialsSaveException($"What was saved to '{paths.Target}' cannot be read back. {problem?.Message}", problem);
        }

        _writer.Drop();
        return OAuthCredentials.AreSameLogin(next, stored.Credentials)
            ? new CredentialsCommit(isCommitted: true, stored.Credentials, isInPlace)
            : CredentialsCommit.Superseded(stored.Credentials);
    }

    public ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _writer.Drop();
            handle.Dispose();
            store.Locks.Return(fileLock);
        }

        return default;
    }
}
