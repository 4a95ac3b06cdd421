using TokenRefresh.Stores;

namespace TokenRefresh.Keychain;

/// <summary>The lease of the keychain's store: that of the lock file, and under it read, compare, write, read back.</summary>
internal sealed class KeychainLease(KeychainCredentialsStore store, ICredentialsLease inner) : ICredentialsLease, IDamagedFileLease
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private KeychainDocument? _present;

    // A write whose time limit is over. It may still happen.
    private Task? _overdue;
    private bool _isDisposed;

    public string Location => store.Location;

    public string LockPath => inner.LockPath;

    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        _present = await store.ReadDocumentAsync(store.Options.ReadTimeout, cancellationToken).ConfigureAwait(false);
        return _present.Credentials;
    }

    public async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        if (!await inner.PrepareAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        if (_present is null)
        {
            await ReadUnlessGoneAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await store.CheckWritableAsync(_present?.Bytes, Keep, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (KeychainException e)
        {
            throw new CredentialsFileException(
                Location, $"The {Location} cannot be saved: {e.Message} Nothing was sent or changed.", e)
            {
                IsTransient = e.Failure == KeychainFailure.TimedOut,
            };
        }
    }

    public async ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected,
        OAuthCredentials? next,
        CancellationToken cancellationToken = default)
    {
        long start = store.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return await CommitAsync(expected, next, start, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (IsUnavailable(e) && Left(start) > Pause)
            {
                // A service that has crashed is started again. A process that ends without a save would lose the new tokens.
                await Task.Delay(Pause, store.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) =>
        inner.WriteRecordAsync(record, durable, cancellationToken);

    /// <summary>Forgets that the item was stored, so that a sign-in or sign-out goes on without it. There is nothing to move.</summary>
    public ValueTask<string?> TryMoveAsideAsync(CancellationToken cancellationToken)
    {
        store.WriteMark(null);
        return default;
    }

    public ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return default;
        }

        _isDisposed = true;
        if (_overdue is not { IsCompleted: false } overdue)
        {
            return inner.DisposeAsync();
        }

        store.ReleaseAfter(overdue, inner);
        return default;
    }

    /// <summary>Keeps the lock until a write has ended whose time limit is over.</summary>
    internal void Keep(Task overdue) => _overdue = _overdue is null ? overdue : Task.WhenAll(_overdue, overdue);

    // Null where nothing is left, so that no empty item stays.
    private static byte[]? WithoutLogin(KeychainDocument current)
    {
        byte[] rest = current.Document.Without();
        return Array.TrueForAll(rest, static value => (char)value is '{' or '}' || char.IsWhiteSpace((char)value)) ? null : rest;
    }

    // A sign-in replaces what is gone.
    private async ValueTask ReadUnlessGoneAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CredentialsFileException e) when (e.IsDamaged)
        {
            _present = null;
        }
    }

    private static bool IsUnavailable(Exception e) => e.InnerException is KeychainException { Failure: KeychainFailure.Unavailable };

    private TimeSpan Left(long start) => store.Options.WriteTimeout - store.Time.GetElapsedTime(start);

    private ValueTask<KeychainDocument> ReadInTimeAsync(long start, CancellationToken cancellationToken)
    {
        TimeSpan left = Left(start);
        return store.ReadDocumentAsync(left < store.Options.ReadTimeout ? left : store.Options.ReadTimeout, cancellationToken);
    }

    private async ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected, OAuthCredentials? next, long start, CancellationToken cancellationToken)
    {
        KeychainDocument current = await ReadInTimeAsync(start, cancellationToken).ConfigureAwait(false);
        if (!OAuthCredentials.AreSameLogin(expected, current.Credentials))
        {
            if (next is null || !next.HasSameTokens(current.Credentials))
            {
                return CredentialsCommit.Superseded(current.Credentials);
            }

            // Written already, by a write that was not confirmed in time.
            store.WriteMark(current.Version);
            return CredentialsCommit.Committed(current.Credentials);
        }

        if (next is null && current.Credentials is null)
        {
            return CredentialsCommit.Committed(null);
        }

        cancellationToken.ThrowIfCancellationRequested();
        byte[]? bytes = next is null ? WithoutLogin(current) : current.Document.With(next, store.Time.GetUtcNow());
        try
        {
            if (_overdue is { IsCompleted: false })
            {
                throw new KeychainException(KeychainFailure.TimedOut, "An earlier write has not ended.");
            }

            await store.WriteAsync(store.Item, bytes, Left(start), Keep).ConfigureAwait(false);
        }
        catch (KeychainException e)
        {
            throw new CredentialsSaveException($"The login could not be saved to {Location}: {e.Message}", e);
        }

        return await ReadBackAsync(bytes, next, start).ConfigureAwait(false);
    }

    // Another login than ours is another program that wrote right after us, not a failed save.
    private async ValueTask<CredentialsCommit> ReadBackAsync(byte[]? bytes, OAuthCredentials? next, long start)
    {
        // First of all: the mark of the former content would make the read believe that the item was read too early.
        store.WriteMark(bytes is null ? null : KeychainDocument.VersionOf(bytes));
        KeychainDocument stored;
        try
        {
            stored = await ReadInTimeAsync(start, CancellationToken.None).ConfigureAwait(false);
        }
        catch (CredentialsFileException e)
        {
            throw new CredentialsSaveException($"What was saved to {Location} cannot be read back. {e.Message}", e);
        }

        return OAuthCredentials.AreSameLogin(next, stored.Credentials)
            ? CredentialsCommit.Committed(stored.Credentials)
            : CredentialsCommit.Superseded(stored.Credentials);
    }
}
