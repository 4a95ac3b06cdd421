namespace TokenRefresh.Locking;

/// <summary>One lease's place in the queue. Exactly one of grant, time-out, cancellation and failure wins; a grant that lost is passed on by the engine.</summary>
/// <remarks>
/// Time-out and cancellation go on right on the thread they come on: in each of dozens of processes somebody leaves the queue at the moment a save lands, and a detour over a sleeping pool thread costs more than all the rest of that.
/// Grant and failure come under the engine's monitor or on its thread, so they go on elsewhere.
/// </remarks>
internal sealed class LockWaiter : IThreadPoolWorkItem
{
    private readonly TaskCompletionSource<bool> _end = new();
    private Exception? _failure;
    private int _isDecided;

    internal LinkedListNode<LockWaiter>? Node { get; set; }

    internal bool TryGrant()
    {
        if (!TryDecide())
        {
            return false;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return true;
    }

    internal void Fail(Exception failure)
    {
        if (TryDecide())
        {
            _failure = failure;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Waits without throwing for time-out or cancellation: contention is no exception.</summary>
    internal async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using ITimer? timer = timeout == Timeout.InfiniteTimeSpan
            ? null
            : timeProvider.CreateTimer(static waiter => ((LockWaiter)waiter!).Leave(), this, timeout, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static waiter => ((LockWaiter)waiter!).Leave(), this);
        return await _end.Task.ConfigureAwait(false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_failure is null)
        {
            _end.SetResult(true);
        }
        else
        {
            _end.SetException(_failure);
        }
    }

    private void Leave()
    {
        if (TryDecide())
        {
            _end.SetResult(false);
        }
    }

    private bool TryDecide() => Interlocked.Exchange(ref _isDecided, 1) == 0;
}
