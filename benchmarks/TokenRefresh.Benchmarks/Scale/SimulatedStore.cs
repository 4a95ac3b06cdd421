using TokenRefresh.PostgreSql;

namespace TokenRefresh.Benchmarks.Scale;

/// <summary>One machine's way to the shared store, with the steps of the store in PostgreSQL or of that of the file.</summary>
internal sealed class SimulatedStore(SimulatedServer server, Random dice) : ICredentialsStore
{
    private TaskCompletionSource _change = new();
    private TaskCompletionSource _release = new();
    private int _waits;
    private bool _isTicking;

    public string Location => "simulated";

    public string LockPath => "simulated";

    public TimeProvider? Clock => server.Clock;

    internal SimulatedServer Server => server;

    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        await OnOwnConnectionAsync(() => server.DoAsync(isWrite: false, () => server.Stored)).ConfigureAwait(false);

    public async ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        await OnOwnConnectionAsync(() => server.DoAsync(isWrite: false, () => server.Record)).ConfigureAwait(false);

    public async ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) =>
        await OnOwnConnectionAsync(() => server.DoAsync(isWrite: false, () => (LockHolder?)null)).ConfigureAwait(false);

    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        using var over = new CancellationTokenSource(timeout, server.Clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        Begin();
        try
        {
            while (true)
            {
                Task released = _release.Task;
                if (await TryAcquireAsync().ConfigureAwait(false) is { } lease)
                {
                    return lease;
                }

                if (timeout == TimeSpan.Zero || ended.IsCancellationRequested)
                {
                    return null;
                }

                if (server.Medium.Queues)
                {
                    return await server.QueueAsync(ended.Token).ConfigureAwait(false) ? new SimulatedLease(this) : null;
                }

                await released.WaitAsync(ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (ended.IsCancellationRequested)
                {
                    return null;
                }
            }
        }
        finally
        {
            End();
        }
    }

    public ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public async Task WaitForChangeAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        try
        {
            await _change.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            End();
        }
    }

    /// <summary>
    /// Ends the waits that a notification ends: of a change, or of a lease that was given back, which may have left a note.
    /// </summary>
    internal void Wake(bool isChange)
    {
        Complete(ref _change);
        if (!isChange)
        {
            Complete(ref _release);
        }
    }

    private static void Complete(ref TaskCompletionSource wait)
    {
        TaskCompletionSource former = wait;
        wait = new TaskCompletionSource();
        former.SetResult();
    }

    private async Task<T> OnOwnConnectionAsync<T>(Func<Task<T>> act)
    {
        server.Open();
        T result = await act().ConfigureAwait(false);
        server.Close();
        return result;
    }

    private async Task<ICredentialsLease?> TryAcquireAsync()
    {
        server.Open();
        if (!await server.DoAsync(isWrite: true, server.TryLock).ConfigureAwait(false))
        {
            server.Close();
            return null;
        }

        if (!server.Medium.Queues)
        {
            // The name of the holder; and whether an attempt is pending.
            await server.DoAsync(isWrite: false, () => true).ConfigureAwait(false);
            await server.DoAsync(isWrite: false, () => true).ConfigureAwait(false);
        }

        return new SimulatedLease(this);
    }

    private void Begin()
    {
        _waits++;
        if (_isTicking)
        {
            return;
        }

        _isTicking = true;
        _ = TickAsync();
    }

    private void End() => _waits--;

    // As the change feed does: it listens while anyone waits, and waits end at each tick too, since a killed holder tells no one.
    private async Task TickAsync()
    {
        if (server.Medium.Notifies)
        {
            server.Open();
            await server.DoAsync(isWrite: false, () => true).ConfigureAwait(false);
            server.Listeners.Add(this);
            Wake(isChange: false);
        }

        while (_waits > 0)
        {
            await server.Clock.WaitAsync(ChangeFeed.Tick * (0.8 + (0.4 * dice.NextDouble()))).ConfigureAwait(false);
            if (!server.Medium.Queues)
            {
                Wake(isChange: false);
            }
        }

        _isTicking = false;
        if (server.Medium.Notifies)
        {
            server.Listeners.Remove(this);
            server.Close();
        }
    }
}
