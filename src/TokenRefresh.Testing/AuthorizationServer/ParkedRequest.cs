namespace TokenRefresh.Testing;

/// <summary>A request that waits in the server until the test lets it go. Disposal releases it.</summary>
public sealed class ParkedRequest : IDisposable
{
    /// <summary>The time after which a wait for something that does not happen fails, so that a broken test ends.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ParkedRequest(ParkPoint point) => Point = point;

    /// <summary>Gets where the request waits.</summary>
    public ParkPoint Point { get; }

    /// <summary>Gets a task that completes when the request has arrived there.</summary>
    /// <exception cref="TimeoutException">The task fails with this after 60 seconds.</exception>
    public Task Arrived => _arrived.Task.WaitAsync(Patience, TimeProvider.System);

    /// <summary>Gets whether the request has arrived.</summary>
    public bool HasArrived => _arrived.Task.IsCompleted;

    /// <summary>Lets the request go on. May come before its arrival.</summary>
    public void Release() => _released.TrySetResult(true);

    /// <summary>Drops the request's connection instead of going on.</summary>
    public void Drop() => _released.TrySetResult(false);

    /// <inheritdoc/>
    public void Dispose() => Release();

    /// <summary>Waits. A client that goes away does not end the wait: the server has the request and will process it.</summary>
    internal Task<bool> PassAsync(ParkPoint here, CancellationToken stopping)
    {
        if (here != Point)
        {
            return Task.FromResult(true);
        }

        _arrived.TrySetResult();
        return _released.Task.WaitAsync(stopping);
    }
}
