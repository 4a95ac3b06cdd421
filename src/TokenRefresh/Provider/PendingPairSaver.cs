using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>Saves a pair that could not be saved, again and again in the background, until it is or the provider ends.</summary>
internal sealed class PendingPairSaver(RefreshContext services, ProviderState memory)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private Task _running = Task.CompletedTask;

    /// <summary>Starts trying, unless it does already. Called after each flight, by one at a time.</summary>
    internal void StartIfNeeded(CancellationToken closing)
    {
        if (memory.Pending is not null && _running.IsCompleted)
        {
            _running = Task.Run(() => RunAsync(closing), CancellationToken.None);
        }
    }

    /// <summary>Ends the tries with a last one.</summary>
    internal async Task FinishAsync()
    {
        await _running.ConfigureAwait(false);
        if (memory.Pending is not null)
        {
            await TrySaveAsync().ConfigureAwait(false);
        }
    }

    private async Task RunAsync(CancellationToken closing)
    {
        for (TimeSpan pause = FirstPause; memory.Pending is not null; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await Task.Delay(pause, services.TimeProvider, closing).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await TrySaveAsync().ConfigureAwait(false);
        }
    }

    private async Task TrySaveAsync()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            if (await services.Store.AcquireLeaseAsync(services.Options.SaveTimeout).ConfigureAwait(false) is not { } lease)
            {
                return;
            }

            await using (lease.ConfigureAwait(false))
            {
                CoordinationRecord record = await memory.RecallAsync(services.Store, CancellationToken.None).ConfigureAwait(false);
                await new PairCommit(services.RaisingAfter(released.Task), memory, lease).SavePendingAsync(record).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // No lock now, or a store that its owner disposed before us; the pair stays in memory, and the failed save was reported when it happened.
        }
        finally
        {
            released.SetResult();
        }
    }
}
