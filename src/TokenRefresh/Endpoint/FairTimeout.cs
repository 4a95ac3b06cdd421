namespace TokenRefresh.Endpoint;

/// <summary>A time limit that does not beat an answer that is already there.</summary>
/// <remarks>
/// A limit that passes while the process is stopped (SIGSTOP, suspend), or while the thread pool is starved, fires late, and often before
/// an answer is read that had arrived in time. So a limit that fires late first lets everything run that is queued at that moment, and then
/// waits one second more. One that fires on time cancels at once.
/// </remarks>
internal sealed class FairTimeout : IThreadPoolWorkItem, IDisposable
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Extension = TimeSpan.FromSeconds(1);

    private readonly object _lock = new();
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly ITimer _timer;
    private TimeSpan _timeout;
    private TimeSpan _tolerance = Tolerance;
    private long _start;
    private bool _isDisposed;
    private volatile bool _isExpired;

    /// <param name="timeout">The limit; <see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    /// <param name="time">Where the time comes from.</param>
    /// <param name="linked">Cancels <see cref="Token"/> too, at once.</param>
    internal FairTimeout(TimeSpan timeout, TimeProvider time, CancellationToken linked = default)
    {
        _time = time;
        _timeout = timeout;
        _source = linked.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(linked) : new CancellationTokenSource();
        Token = _source.Token;
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(static self => ((FairTimeout)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(timeout, Timeout.InfiniteTimeSpan);
    }

    internal CancellationToken Token { get; }

    /// <summary>Gets whether the limit has passed, as opposed to a cancellation of the linked token.</summary>
    internal bool IsExpired => _isExpired;

    /// <summary>The work item of a late limit: what was queued before it has run.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            // The process may be stopped again within that second, but a machine that is merely slow must not postpone the limit endlessly.
            _tolerance = Extension;
            _timeout = Extension;
            _start = _time.GetTimestamp();
            _timer.Change(Extension, Timeout.InfiniteTimeSpan);
        }
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

    private void OnTimer()
    {
        if (IsLate())
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }

        _isExpired = true;
        try
        {
            _source.Cancel();
        }
        catch (Exception e) when (e is ObjectDisposedException or AggregateException)
        {
            // The exchange ended at this moment, or a handler's own registration failed: on a timer's thread that would end the process.
        }
    }

    private bool IsLate()
    {
        try
        {
            return _time.GetElapsedTime(_start) - _timeout > _tolerance;
        }
        catch (Exception)
        {
            // A clock of the user's that throws.
            return false;
        }
    }
}
