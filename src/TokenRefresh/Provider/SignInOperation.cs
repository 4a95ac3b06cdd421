using TokenRefresh.Diagnostics;
using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>Stores and removes whole logins, under the same lease as a refresh.</summary>
internal sealed class SignInOperation(RefreshContext services, ProviderState memory)
{
    // A program that ignores the lock may write between our read and our commit, but not for ever.
    private const int Tries = 5;

    internal async Task StoreAsync(OAuthCredentials credentials, CancellationToken cancellationToken)
    {
        TokenSnapshot snapshot = SnapshotFactory.Create(services.Options, credentials, lifetime: null, services.TimeProvider.GetUtcNow(), AccountIdentity.Of(credentials, heard: null));
        await UnderLeaseAsync(
            async lease =>
            {
                await ReplaceAsync(lease, credentials, static (_, _) => true, cancellationToken).ConfigureAwait(false);
                memory.Reset(snapshot);
                await ForgetFormerLoginsAsync(lease, credentials).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);

        Log.SignedIn(services.Logger, services.Store.Location);
    }

    // Notes are about pairs, so those of a former login are void by themselves; the login is stored, whatever becomes of them.
    private async ValueTask ForgetFormerLoginsAsync(ICredentialsLease lease, OAuthCredentials credentials)
    {
        try
        {
            CoordinationRecord record = await memory.RecallAsync(services.Store, CancellationToken.None).ConfigureAwait(false);
            await new PairCommit(services, memory, lease).TryWriteRecordAsync(record.AfterSignIn(credentials), durable: true).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.RecordNotWritten(services.Logger, services.Store.Location, e);
        }
    }

    /// <summary>Removes the login this provider knows, or its successor; leaves any other alone.</summary>
    /// <returns>The login that was removed, for revocation; <see langword="null"/> if there was none.</returns>
    internal async Task<OAuthCredentials?> RemoveAsync(CancellationToken cancellationToken)
    {
        OAuthCredentials? known = memory.Snapshot?.Credentials ?? await services.Store.ReadAsync(cancellationToken).ConfigureAwait(false);
        OAuthCredentials? removed = null;
        await UnderLeaseAsync(
            async lease =>
            {
                CoordinationRecord record = await memory.RecallAsync(services.Store, CancellationToken.None).ConfigureAwait(false);
                removed = await ReplaceAsync(lease, null, (stored, expected) => IsSameOrSuccessor(known, stored, expected, record), cancellationToken).ConfigureAwait(false);

                // What is alive at the server, and to be revoked, is the pair that was not saved.
                removed = removed is not null && memory.Pending is { } pending && OAuthCredentials.AreSameLogin(pending.Replaces, removed) ? pending.Pair : removed;
                memory.Reset(null);
            },
            cancellationToken).ConfigureAwait(false);
        if (removed is not null)
        {
            Log.SignedOut(services.Logger, services.Store.Location);
        }

        return removed;
    }

    // A successor is told by its predecessor being spent, and by being what a refresh obtained last; anything else is a login of somebody else's, which a logout here must not end.
    private static bool IsSameOrSuccessor(OAuthCredentials? known, OAuthCredentials stored, OAuthCredentials? pending, CoordinationRecord record) =>
        known is not null
        && (OAuthCredentials.AreSameLogin(known, stored)
            || OAuthCredentials.AreSameLogin(pending, stored)
            || record.IsConsumed(stored)
            || (record.IsConsumed(known) && (stored.AccessToken == known.AccessToken || record.Obtained?.AccessToken == Fingerprint.Of(stored.AccessToken))));

    private async ValueTask<OAuthCredentials?> ReplaceAsync(ICredentialsLease lease, OAuthCredentials? next, Func<OAuthCredentials, OAuthCredentials?, bool> mayReplace, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            OAuthCredentials? stored = await lease.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (stored is not null && !mayReplace(stored, memory.Pending?.Replaces) || stored is null && next is null)
            {
                return null;
            }

            CredentialsCommit commit = await lease.CommitAsync(stored, next, cancellationToken).ConfigureAwait(false);
            if (commit.IsCommitted)
            {
                return stored;
            }

            if (tries == Tries)
            {
                throw new CredentialsSaveException($"The login in '{services.Store.Location}' could not be replaced: another program keeps writing it. End that program and try again.");
            }
        }
    }

    private async Task UnderLeaseAsync(Func<ICredentialsLease, Task> change, CancellationToken cancellationToken)
    {
        long start = services.TimeProvider.GetTimestamp();
        ICredentialsLease lease = await AcquireAsync(cancellationToken).ConfigureAwait(false);
        long granted = services.TimeProvider.GetTimestamp();
        await using (lease.ConfigureAwait(false))
        {
            TimeSpan wait = services.TimeProvider.GetElapsedTime(start, granted);
            services.Metrics.LockWaited(wait);
            Log.LockAcquired(services.Logger, services.Store.LockPath, wait);
            await change(lease).ConfigureAwait(false);
        }

        Log.LockReleased(services.Logger, services.Store.LockPath, services.TimeProvider.GetElapsedTime(granted));
    }

    private async ValueTask<ICredentialsLease> AcquireAsync(CancellationToken cancellationToken)
    {
        long start = services.TimeProvider.GetTimestamp();
        while (true)
        {
            TimeSpan left = services.Options.LockTimeout - services.TimeProvider.GetElapsedTime(start);
            ICredentialsLease lease = await WaitForLeaseAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken).ConfigureAwait(false)
                ?? throw await TimedOutAsync(start, cancellationToken).ConfigureAwait(false);
            var isReady = false;
            try
            {
                isReady = await lease.PrepareAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (!isReady)
                {
                    await lease.DisposeAsync().ConfigureAwait(false);
                }
            }

            if (isReady)
            {
                return lease;
            }

            if (left <= TimeSpan.Zero)
            {
                throw await TimedOutAsync(start, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5 + Random.Shared.Next(50)), services.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<ICredentialsLease?> WaitForLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var ended = new RelayedCancellation(cancellationToken);
        try
        {
            return await services.Store.AcquireLeaseAsync(timeout, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
    }

    private async ValueTask<TokenRefreshException> TimedOutAsync(long start, CancellationToken cancellationToken) => new RefreshErrors(services.Options, services.Store).LockTimeout(
        services.TimeProvider.GetElapsedTime(start), await services.Store.ReadHolderAsync(cancellationToken).ConfigureAwait(false));
}
