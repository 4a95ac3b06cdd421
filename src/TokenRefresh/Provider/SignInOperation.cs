using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Record;
using TokenRefresh.Refresh;
using TokenRefresh.Stores;

namespace TokenRefresh.Provider;

/// <summary>Stores or removes a whole login, under the same lock as a refresh.</summary>
internal sealed class SignInOperation(RefreshContext context, ProviderState state, CallbackList callbacks)
{
    // An upper bound, in case a program that ignores the lock keeps writing between our read and our commit.
    private const int Tries = 5;

    private long _granted;
    private bool _isMovedAside;

    private ICredentialsStore Store => context.Store;

    private TimeProvider Time => context.TimeProvider;

    /// <exception cref="TokenRefreshConfigurationException">Its access token only works with a key.</exception>
    internal static void ThrowIfKeyIsMissing(OAuthCredentials credentials)
    {
        if (credentials.Key is null && AccessToken.IsBoundToKey(credentials.TokenType))
        {
            throw new TokenRefreshConfigurationException(
                "The login's token type is 'DPoP': its access token only works with a key (RFC 9449), and the login has none. "
                + "Nothing was stored. Set 'DPoPKey' to the key by which the tokens were obtained.");
        }
    }

    /// <summary>Makes sure that a login could be stored now, as far as that can be known before.</summary>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        ICredentialsLease lease = await AcquireLeaseAsync(cancellationToken).ConfigureAwait(false);
        await using (lease.ConfigureAwait(false))
        {
            try
            {
                await lease.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (CredentialsFileException e) when (e.IsDamaged)
            {
                // The save moves it aside.
            }
        }

        LogReleased(lease);
    }

    internal async Task StoreAsync(OAuthCredentials credentials, CancellationToken cancellationToken)
    {
        var snapshot = TokenSnapshot.Create(context, credentials, lifetime: null, AccountIdentity.Of(credentials, heard: null));
        ICredentialsLease lease = await AcquireLeaseAsync(cancellationToken).ConfigureAwait(false);
        await using (lease.ConfigureAwait(false))
        {
            CredentialsCommit commit = default;
            for (var tries = 0; !commit.IsCommitted; tries++)
            {
                ThrowIfTooMany(tries);
                OAuthCredentials? stored = await ReadAsync(lease, cancellationToken).ConfigureAwait(false);
                commit = await lease.CommitAsync(stored, credentials, cancellationToken).ConfigureAwait(false);
            }

            state.Reset(snapshot);
            await ForgetFormerLoginAsync(lease, commit.Current ?? credentials).ConfigureAwait(false);
        }

        LogReleased(lease);
        Log.SignedIn(context.Logger, Store.Location);
    }

    /// <summary>Removes the login this provider knows, or its successor; leaves any other alone.</summary>
    /// <returns>The login that was removed, for revocation; <see langword="null"/> if there was none.</returns>
    internal async Task<OAuthCredentials?> RemoveAsync(CancellationToken cancellationToken)
    {
        OAuthCredentials? known = state.Snapshot?.Credentials ?? await ReadAsync(cancellationToken).ConfigureAwait(false);
        OAuthCredentials? removed = null;
        ICredentialsLease lease = await AcquireLeaseAsync(cancellationToken).ConfigureAwait(false);
        await using (lease.ConfigureAwait(false))
        {
            for (var tries = 0; ; tries++)
            {
                ThrowIfTooMany(tries);
                OAuthCredentials? stored = await ReadAsync(lease, cancellationToken).ConfigureAwait(false);
                if (_isMovedAside && stored is null)
                {
                    removed = known;
                    break;
                }

                LoginRecord record = await state.Journal.ReadAsync(stored, CancellationToken.None).ConfigureAwait(false);
                if (stored is null || !IsSameOrSuccessor(known, stored, record))
                {
                    break;
                }

                if ((await lease.CommitAsync(stored, null, cancellationToken).ConfigureAwait(false)).IsCommitted)
                {
                    removed = stored;
                    break;
                }
            }

            // Tokens that could not be saved have replaced the stored ones at the server, so they are the ones to revoke.
            removed = removed is null ? null : state.WithUnsavedTokens(removed);
            state.Reset(null);
        }

        LogReleased(lease);
        if (removed is not null)
        {
            Log.SignedOut(context.Logger, Store.Location);
        }

        return removed;
    }

    /// <summary>Tells whether what is stored is the login that was known, or what that was refreshed to.</summary>
    /// <remarks>
    /// The stored tokens are a successor of the known ones if the known refresh token is used, and the stored access token is the one that
    /// a refresh obtained last. Anything else is a login that another program stored, which a sign-out here must not end.
    /// </remarks>
    internal bool IsSameOrSuccessor(OAuthCredentials? known, OAuthCredentials stored, LoginRecord record)
    {
        if (known is null)
        {
            return false;
        }

        if (OAuthCredentials.AreSameLogin(known, stored)
            || OAuthCredentials.AreSameLogin(state.Unsaved?.Replaces, stored)
            || state.Journal.IsUsed(stored, record))
        {
            return true;
        }

        return state.Journal.IsUsed(known, LoginRecord.Empty)
            && (stored.AccessToken == known.AccessToken
                || (record.Obtained.Length > 0 && record.Obtained[0].AccessToken == Fingerprint.Of(stored.AccessToken)));
    }

    // A damaged file holds no login that could be known.
    private async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Store.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CredentialsFileException e) when (e.IsDamaged)
        {
            return null;
        }
    }

    // A damaged file is moved out of the way here and nowhere else: only the user's own act shows that it is not needed.
    private async ValueTask<OAuthCredentials?> ReadAsync(ICredentialsLease lease, CancellationToken cancellationToken)
    {
        try
        {
            return await lease.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CredentialsFileException e) when (e.IsDamaged && lease is IDamagedFileLease)
        {
            if (await ((IDamagedFileLease)lease).TryMoveAsideAsync(cancellationToken).ConfigureAwait(false) is { } aside)
            {
                _isMovedAside = true;
                Log.DamagedFileMoved(context.Logger, lease.Location, aside);
                callbacks.DamagedFileMoved(new DamagedFileMovedEvent(lease.Location, aside));
            }
        }

        try
        {
            return await lease.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CredentialsFileException e) when (e.IsDamaged)
        {
            throw new CredentialsFileException(
                e.Path,
                $"The credentials file '{e.Path}' cannot be understood: {e.InnerException?.Message} It was not moved aside, since another "
                + "program keeps writing it. End that program, or move the file yourself, and try again.",
                e);
        }
    }

    // Each entry of the record names the tokens it is about, so those of the former login do not count for the new one. The new login is
    // stored already, so a failure here is only logged.
    private async ValueTask ForgetFormerLoginAsync(ICredentialsLease lease, OAuthCredentials stored)
    {
        try
        {
            LoginRecord record = await state.Journal.ReadAsync(stored, CancellationToken.None).ConfigureAwait(false);
            if (record.NewerVersion is null)
            {
                record = record.AfterSignIn(stored).WithFile(stored.Version);
                await state.Journal.WriteAsync(lease, record, durable: true, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.RecordNotWritten(context.Logger, Store.Location, e);
        }
    }

    private async Task<ICredentialsLease> AcquireLeaseAsync(CancellationToken cancellationToken)
    {
        long start = Time.GetTimestamp();
        while (true)
        {
            TimeSpan left = context.Options.LockTimeout - Time.GetElapsedTime(start);
            ICredentialsLease? lease = await Store.AcquireLeaseAsync(
                left > TimeSpan.Zero ? left : TimeSpan.Zero,
                cancellationToken).ConfigureAwait(false);
            if (lease is null)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw await TimedOutAsync(start, cancellationToken).ConfigureAwait(false);
            }

            var isReady = false;
            try
            {
                if (await lease.PrepareAsync(cancellationToken).ConfigureAwait(false))
                {
                    NoteGrant(lease, start);
                    isReady = true;
                    return lease;
                }
            }
            finally
            {
                if (!isReady)
                {
                    await lease.DisposeAsync().ConfigureAwait(false);
                }
            }

            if (left <= TimeSpan.Zero)
            {
                throw await TimedOutAsync(start, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5 + Random.Shared.Next(50)), Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private void NoteGrant(ICredentialsLease lease, long start)
    {
        _granted = Time.GetTimestamp();
        TimeSpan wait = Time.GetElapsedTime(start, _granted);
        context.Metrics.LockWaited(wait);
        if (context.Logger.IsEnabled(LogLevel.Debug))
        {
            Log.LockAcquired(context.Logger, lease.LockPath, wait);
        }
    }

    private void LogReleased(ICredentialsLease lease)
    {
        if (context.Logger.IsEnabled(LogLevel.Debug))
        {
            Log.LockReleased(context.Logger, lease.LockPath, Time.GetElapsedTime(_granted));
        }
    }

    private async ValueTask<TokenRefreshException> TimedOutAsync(long start, CancellationToken cancellationToken) =>
        context.Errors.LockTimeout(Time.GetElapsedTime(start), await Store.ReadHolderAsync(cancellationToken).ConfigureAwait(false));

    private void ThrowIfTooMany(int tries)
    {
        if (tries == Tries)
        {
            throw new CredentialsSaveException(
                $"The login in '{Store.Location}' could not be replaced: another program keeps writing it. "
                + "End that program and try again.");
        }
    }
}
