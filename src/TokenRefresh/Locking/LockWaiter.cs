namespace TokenRefresh.Locking;

/// <summary>One lease's place in the queue. Exactly one of grant, time-out, cancellation and failure wins; a grant that lost is passed on by the engine.</summary>
internal sealed class LockWaiter
{
    private readonly TaskCompletionSource<bool> _granted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LinkedListNode<LockWaiter>? Node { get; set; }

    internal bool TryGrant() => _granted.TrySetResult(true);

    internal void Fail(Exception failure) => _granted.TrySetException(failure);

    /// <summary>Waits without throwing for time-out or cancellation: contention is no exception.</summary>
    internal async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using ITimer? timer = timeout == Timeout.InfiniteTimeSpan
            ? null
            : timeProvider.CreateTimer(static waiter => ((LockWaiter)waiter!)._granted.TrySetResult(false), this, timeout, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static waiter => ((LockWaiter)waiter!)._granted.TrySetResult(false), this);
        return await _granted.Task.ConfigureAwait(false);
    }
}
