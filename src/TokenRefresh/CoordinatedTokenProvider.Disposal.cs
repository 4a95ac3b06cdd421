using TokenRefresh.Endpoint;

namespace TokenRefresh;

/// <content>The end of the provider.</content>
public sealed partial class CoordinatedTokenProvider
{
    private static readonly TimeSpan CallbackTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Ends the provider: waits for a token request that is under way and its save, and for a sign-in or sign-out that has the lock, at
    /// most <see cref="TokenRefreshOptions.RefreshTimeout"/> and <see cref="TokenRefreshOptions.SaveTimeout"/> together, and ends
    /// everything else.
    /// </summary>
    /// <remarks>Idempotent. Later calls throw <see cref="ObjectDisposedException"/>.</remarks>
    /// <returns>A task that completes when nothing of the provider runs any more.</returns>
    /// <exception cref="InvalidOperationException">
    /// A logger or an HTTP handler disposes the provider from inside its own refresh, and would wait for itself.
    /// </exception>
    public ValueTask DisposeAsync()
    {
        _refresh.ThrowIfInside();
        lock (_lock)
        {
            _disposal ??= TryDisposeAtOnce_NeedsLock() ? Task.CompletedTask : Task.Run(DisposeCoreAsync);
        }

        _state.Snapshot?.Invalidate();
        return new(_disposal);
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    // A provider with nothing to wait for is disposed on the caller's thread. In short-lived programs that is nearly always so.
    private bool TryDisposeAtOnce_NeedsLock()
    {
        bool isIdle = _refresh.CloseAsync().IsCompleted & CloseSignInsAsync().IsCompleted;
        if (!isIdle || _state.Unsaved is not null || !_background.IsIdle || !_context.Callbacks.IsIdle)
        {
            return false;
        }

        _shutdownSource.Cancel();
        _background.Dispose();
        _parts.Dispose();
        _shutdownSource.Dispose();
        return true;
    }

    private async Task DisposeCoreAsync()
    {
        TimeSpan longest = _context.Options.RefreshTimeout + _context.Options.SaveTimeout;
        try
        {
            using var timeout = new FairTimeout(longest, _context.TimeProvider);
            await Task.WhenAll(_shutdownSource.CancelAsync(), FinishAsync()).WaitAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What still runs may obtain tokens that are never saved; the record has the note of its attempt.
        }
        finally
        {
            _background.Dispose();
            _parts.Dispose();
            _shutdownSource.Dispose();
        }
    }

    private async Task FinishAsync()
    {
        await _refresh.CloseAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseSignInsAsync().ConfigureAwait(false);
        await _background.CloseAsync().ConfigureAwait(false);
        try
        {
            await _context.Callbacks.CompleteAsync().WaitAsync(CallbackTimeout, _context.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Do not wait for a hung callback.
        }
    }
}
