namespace TokenRefresh.Endpoint;

/// <summary>A time limit that does not beat an answer that is already there.</summary>
/// <remarks>
/// A limit that passes while the process is stopped (SIGSTOP, suspend), or while the thread pool is starved, fires late, and often before
/// an answer is read that had arrived in time: timers run ahead of what is queued in the pool. So a limit that fires first lets everything
/// run that is queued at that moment. If that took time, or if it fired late, it waits one second more; otherwise it cancels.
/// </remarks>
internal sealed class FairTimeout : IDisposable
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Extension = TimeSpan.FromSeconds(1);

    /// <summary>Whether the limit has passed, as opposed to a cancellation of the linked token.</summary>
    internal volatile bool IsExpired;

    private readonly object _lock = new();
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly ITimer _timer;
    private TimeSpan _timeout;
    private TimeSpan _tolerance = Tolerance;
    private long _start;
    private bool _isDisposed;

    /// <summary>Starts the limit, if it is not <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    internal FairTimeout(TimeSpan timeout, TimeProvider time, CancellationToken linked = default)
    {
        _time = time;
        _timeout = timeout;
        Linked = linked;
        _source = linked.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(linked) : new CancellationTokenSource();
        Token = _source.Token;
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(
            static self => ThreadPool.UnsafeQueueUserWorkItem(static late => late.Expire(), (FairTimeout)self!, preferLocal: false),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _timer.Change(timeout, Timeout.InfiniteTimeSpan);
    }

    internal CancellationToken Token { get; }

    /// <summary>Gets the token that cancels <see cref="Token"/> too.</summary>
    internal CancellationToken Linked { get; }

    // Called by the pool, once what was queued before the limit fired has begun to run.
    private void Expire()
    {
        try
        {
            lock (_lock)
            {
                if (_isDisposed || TryExtend_NeedsLock())
                {
                    return;
                }
            }
        }
        catch (Exception)
        {
            // A clock of the program's own that throws.
        }

        IsExpired = true;
        try
        {
            _source.Cancel();
        }
        catch (Exception e) when (e is ObjectDisposedException or AggregateException)
        {
            // The exchange ended at this moment, or a handler's own registration failed: on a thread of the pool that would end the
            // process.
        }
    }

    private bool TryExtend_NeedsLock()
    {
        if (_time.GetElapsedTime(_start) - _timeout <= _tolerance)
        {
            return false;
        }

        // The process may be stopped again within that second, but a machine that is merely slow must not postpone the limit endlessly.
        _tolerance = Extension;
        _timeout = Extension;
        _start = _time.GetTimestamp();
        _timer.Change(Extension, Timeout.InfiniteTimeSpan);
        return true;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _timer.Dispose();
        _source.Dispose();
    }
}
