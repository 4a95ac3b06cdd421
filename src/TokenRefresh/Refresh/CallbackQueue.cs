using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Refresh;

/// <summary>Runs callbacks one after the other on the thread pool, so that none of them holds up a refresh or another caller.</summary>
internal sealed class CallbackQueue(ILogger logger)
{
    private readonly object _lock = new();
    private readonly Queue<Callback> _waiting = new();
    private Task _running = Task.CompletedTask;
    private bool _isCompleted;

    /// <summary>Gets whether no callback waits or runs.</summary>
    internal bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count == 0;
            }
        }
    }

    internal void Add(List<Callback> callbacks)
    {
        lock (_lock)
        {
            if (_isCompleted)
            {
                return;
            }

            bool isRunning = _waiting.Count > 0;
            foreach (Callback callback in callbacks)
            {
                _waiting.Enqueue(callback);
            }

            if (!isRunning)
            {
                // Without the ExecutionContext of the caller that happens to be the first.
                using (ExecutionContext.SuppressFlow())
                {
                    _running = Task.Run(RunAsync);
                }
            }
        }
    }

    /// <summary>Takes no further callback and completes when those added so far have run.</summary>
    internal Task CompleteAsync()
    {
        lock (_lock)
        {
            _isCompleted = true;
            return _running;
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            Callback callback;
            lock (_lock)
            {
                callback = _waiting.Peek();
            }

            try
            {
                await callback.InvokeAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.CallbackFailed(logger, callback.Name, e);
            }

            lock (_lock)
            {
                _waiting.Dequeue();
                if (_waiting.Count == 0)
                {
                    return;
                }
            }
        }
    }
}
