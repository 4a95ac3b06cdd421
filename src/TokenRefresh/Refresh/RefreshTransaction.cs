using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>One refresh from look to release, as section 5 of the design tells it. Belongs to nobody: no caller's cancellation reaches it.</summary>
internal sealed class RefreshTransaction
{
    // A lease that was not exclusive after all: the lock file was deleted, or an exchange still runs under a deleted one. Growing and random, so that two that meet do not meet again.
    private static readonly TimeSpan FirstRestartPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestRestartPause = TimeSpan.FromMilliseconds(200);

    private readonly RefreshContext _services;
    private readonly ProviderState _memory;
    private readonly RefreshPolicy _policy;

    internal RefreshTransaction(RefreshContext services, ProviderState memory, RefreshReason goal)
    {
        _services = services;
        _memory = memory;
        _policy = new RefreshPolicy(services, memory, goal);
    }

    private ICredentialsStore Store => _services.Store;

    private TimeProvider Time => _services.TimeProvider;

    /// <summary>Finds or fetches a token that will do.</summary>
    /// <param name="closing">Ends the transaction as long as nothing was sent: the provider is being disposed.</param>
    internal async Task<(TokenSnapshot Token, bool IsRefreshed)> RunAsync(CancellationToken closing)
    {
        long start = Time.GetTimestamp();
        TimeSpan pause = FirstRestartPause;
        while (true)
        {
            if (await LookAsync(closing).ConfigureAwait(false) is { } seen)
            {
                return (seen, false);
            }

            long waiting = Time.GetTimestamp();
            (ICredentialsLease? lease, TokenSnapshot? adopted) = await AcquireLeaseOrAdoptAsync(Left(start), closing).ConfigureAwait(false);
            TimeSpan wait = Time.GetElapsedTime(waiting);
            _services.Metrics.LockWaited(wait);
            if (adopted is not null)
            {
                return (adopted, false);
            }

            if (lease is null)
            {
                throw _policy.Failures.LockTimeout(Time.GetElapsedTime(start), await Store.ReadHolderAsync(closing).ConfigureAwait(false));
            }

            using var leased = new LeasedRefresh(_services, _memory, _policy, lease);
            if (await RunUnderLeaseAsync(leased, lease, wait, closing).ConfigureAwait(false) is { } result)
            {
                return (result, leased.IsRefreshed);
            }

            Log.LeaseRestarted(_services.Logger, Store.Location);
            if (Left(start) == TimeSpan.Zero)
            {
                throw _policy.Failures.LockTimeout(Time.GetElapsedTime(start), holder: null);
            }

            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), Time, closing).ConfigureAwait(false);
            pause = pause * 2 < LongestRestartPause ? pause * 2 : LongestRestartPause;
        }
    }

    private TimeSpan Left(long start)
    {
        TimeSpan left = _services.Options.LockTimeout - Time.GetElapsedTime(start);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    // Step 1. Everything but a refresh is decided here, without a lock: what is stored already, and what need not be tried. What may need a refresh is decided again under the lease.
    private async ValueTask<TokenSnapshot?> LookAsync(CancellationToken closing)
    {
        while (true)
        {
            long logins = _memory.Logins;
            OAuthCredentials? stored = _memory.Effective(await Store.ReadAsync(closing).ConfigureAwait(false));
            CoordinationRecord record = await _memory.GlanceAsync(Store, closing).ConfigureAwait(false);
            RefreshDecision decision = _policy.Decide(stored, record);
            if (decision.Kind != RefreshAction.Adopt)
            {
                _policy.KeepIfUnexpired(decision, stored, record, logins);
            }

            switch (decision.Kind)
            {
                case RefreshAction.Adopt when _policy.TryAdopt(stored!, record, logins) is { } snapshot:
                    return snapshot;
                case RefreshAction.Adopt:
                    continue; // a sign-in or sign-out of this process came between read and publication
                case RefreshAction.Refresh or RefreshAction.Replay or RefreshAction.RolledBack:
                case RefreshAction.Deferred: // without the lease a refresh in flight looks the same
                case RefreshAction.NothingStored or RefreshAction.SignedOut when _memory.Pending is not null: // to be dropped under the lease
                    return null;
                default:
                    throw _policy.Refusal(decision, record);
            }
        }
    }

    // Step 2. The lock, or a token that another process saves meanwhile: whichever comes first.
    private async ValueTask<(ICredentialsLease? Lease, TokenSnapshot? Adopted)> AcquireLeaseOrAdoptAsync(TimeSpan timeout, CancellationToken closing)
    {
        using var activity = new QuietActivity(TokenRefreshActivities.StartLockWait());
        if (await Store.AcquireLeaseAsync(TimeSpan.Zero, closing).ConfigureAwait(false) is { } free)
        {
            return (free, null);
        }

        using var done = new RelayedCancellation(closing);
        Task<ICredentialsLease?>? acquiring = null;
        try
        {
            // The watch before the queue: its poll comes due first, and a timer that comes due before all others wakes one more thread.
            Task change = Store.WaitForChangeAsync(done.Token);
            acquiring = Store.AcquireLeaseAsync(timeout, done.Token).AsTask();
            TokenSnapshot? adopted = await LookAsync(closing).ConfigureAwait(false);
            while (adopted is null)
            {
                await Task.WhenAny(acquiring, change).ConfigureAwait(false);
                if (acquiring.IsCompleted)
                {
                    Task<ICredentialsLease?> acquired = acquiring;
                    acquiring = null;
                    return (await acquired.ConfigureAwait(false), null);
                }

                await change.ConfigureAwait(false);

                // What changed is nearly always the token, and then no further watch is needed. Otherwise that is armed before the next look: a save that lands between them completes it.
                adopted = await LookAsync(closing).ConfigureAwait(false);
                if (adopted is null)
                {
                    change = Store.WaitForChangeAsync(done.Token);
                    adopted = await LookAsync(closing).ConfigureAwait(false);
                }
            }

            return (null, adopted);
        }
        finally
        {
            // Right here, not on another thread: what it ends is this flight's own, and its caller waits.
            done.Cancel();
            await GiveBackAsync(acquiring).ConfigureAwait(false);
        }
    }

    // A lease granted at the very moment its waiter left must not be lost, or nobody ever gets it again.
    private static async ValueTask GiveBackAsync(Task<ICredentialsLease?>? acquiring)
    {
        if (acquiring is null)
        {
            return;
        }

        await ((Task)acquiring).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (acquiring.IsCompletedSuccessfully && acquiring.Result is { } late)
        {
            await late.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<TokenSnapshot?> RunUnderLeaseAsync(LeasedRefresh leased, ICredentialsLease lease, TimeSpan wait, CancellationToken closing)
    {
        long granted = Time.GetTimestamp();
        try
        {
            if (_services.Logger.IsEnabled(LogLevel.Debug))
            {
                Log.LockAcquired(_services.Logger, Store.LockPath, wait);
            }

            return await leased.RunAsync(closing).ConfigureAwait(false);
        }
        finally
        {
            await lease.DisposeAsync().ConfigureAwait(false);
            if (_services.Logger.IsEnabled(LogLevel.Debug))
            {
                Log.LockReleased(_services.Logger, Store.LockPath, Time.GetElapsedTime(granted));
            }
        }
    }
}
