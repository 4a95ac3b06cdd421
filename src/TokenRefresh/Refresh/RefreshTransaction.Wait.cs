using System.Runtime.CompilerServices;

namespace TokenRefresh.Refresh;

/// <content>The lock, or a token that another process saves: whichever comes first.</content>
internal sealed partial class RefreshTransaction
{
    // Waits as the others do for the token that another program saves, and never for the lock.
    private async Task<TokenSnapshot> FollowAsync(long start, CancellationToken closing)
    {
        bool isKnown = state.HasWaitedInVain(_awaited!.AccessToken, context.Options.LockTimeout);
        if (await WaitAsync(isKnown ? TimeSpan.Zero : Left(start), closing).ConfigureAwait(false) is { } saved)
        {
            return saved;
        }

        if (!isKnown)
        {
            state.NoteVainWait(_awaited.AccessToken);
        }

        LockHolder? holder = await _store.ReadHolderAsync(closing).ConfigureAwait(false);
        throw context.Errors.AwaitingOwner(_awaitedWhy!, _time.GetElapsedTime(start), holder);
    }

    private async Task<ICredentialsLease?> NoLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await Task.Delay(timeout, _time, cancellationToken).ConfigureAwait(false);
        return null;
    }

    // Looks, then waits for the lock or a change of the store, then looks again. Once the holder has saved, the waiter returns the new
    // token and never has the lock. If the holder has failed, the waiter throws what the record says of it.
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<TokenSnapshot?> WaitAsync(TimeSpan timeout, CancellationToken closing)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(closing);
        Task<ICredentialsLease?>? locking = null;
        try
        {
            // Armed before the look, so that a save between the two is not missed.
            Task change = _store.WaitForChangeAsync(done.Token);
            locking = _follows ? NoLeaseAsync(timeout, done.Token) : _store.AcquireLeaseAsync(timeout, done.Token).AsTask();
            TokenSnapshot? saved = await LookAsync(closing).ConfigureAwait(false);
            while (saved is null)
            {
                await Task.WhenAny(locking, change).ConfigureAwait(false);
                if (locking.IsCompleted)
                {
                    Task<ICredentialsLease?> granted = locking;
                    locking = null;
                    _lease = await granted.ConfigureAwait(false);

                    // Time is up, or this provider closes. If the process was stopped meanwhile, other tokens have long been saved.
                    return _lease is null ? await LookAsync(closing).ConfigureAwait(false) : null;
                }

                await change.ConfigureAwait(false);

                // First without a new watch: what changed is nearly always the token, and then none is needed.
                saved = await LookAsync(closing).ConfigureAwait(false);
                if (saved is null)
                {
                    change = _store.WaitForChangeAsync(done.Token);
                    saved = await LookAsync(closing).ConfigureAwait(false);
                }
            }

            return saved;
        }
        finally
        {
            done.Cancel();
            if (locking is not null)
            {
                // A lease granted at this very moment would otherwise be held until the process ends.
                await ((Task)locking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (locking.IsCompletedSuccessfully && locking.Result is { } late)
                {
                    await late.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
    }
}
