namespace TokenRefresh.Testing;

/// <summary>
/// Holds requests to the protected resource before their tokens are checked, until so many have arrived; then lets all go and is over.
/// </summary>
public sealed class ApiBarrier : IDisposable
{
    private readonly int _count;
    private readonly bool _releaseWhenFull;
    private readonly TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _arrived;

    internal ApiBarrier(int count, bool releaseWhenFull)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _count = count;
        _releaseWhenFull = releaseWhenFull;
    }

    /// <summary>Gets a task that completes when all have arrived.</summary>
    /// <exception cref="TimeoutException">The task fails with this after 60 seconds.</exception>
    public Task AllArrived => _full.Task.WaitAsync(ParkedRequest.Patience, TimeProvider.System);

    /// <summary>Lets all requests go that have arrived; later ones are not held.</summary>
    public void Release() => _released.TrySetResult();

    /// <inheritdoc/>
    public void Dispose() => Release();

    internal Task PassAsync(CancellationToken stopping)
    {
        if (_released.Task.IsCompleted)
        {
            return Task.CompletedTask;
        }

        if (Interlocked.Increment(ref _arrived) == _count)
        {
            _full.TrySetResult();
            if (_releaseWhenFull)
            {
                Release();
            }
        }

        return _released.Task.WaitAsync(stopping);
    }
}
