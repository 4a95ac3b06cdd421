namespace TokenRefresh.Provider;

/// <summary>The sign-ins and sign-outs under way, so that disposal can wait for them.</summary>
internal sealed class LoginChanges
{
    private readonly object _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private bool _isClosed;

    /// <summary>Runs one.</summary>
    /// <param name="change">The change. It ends its wait for the lock, and nothing else, when its token is cancelled.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <param name="closing">The provider's.</param>
    /// <exception cref="ObjectDisposedException">The provider was disposed before the change began.</exception>
    internal async Task RunAsync(Func<CancellationToken, Task> change, CancellationToken cancellationToken, CancellationToken closing)
    {
        Enter();
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closing);
            await change(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        catch (OperationCanceledException e) when (closing.IsCancellationRequested)
        {
            throw new ObjectDisposedException("The token provider was disposed while the lock was awaited. Nothing was changed.", e);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Starts no further one, and completes when the last has ended.</summary>
    internal Task CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            return _running == 0 ? Task.CompletedTask : _ended.Task;
        }
    }

    private void Enter()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(CoordinatedTokenProvider));
            _running++;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_running == 0 && _isClosed)
            {
                _ended.SetResult();
            }
        }
    }
}
