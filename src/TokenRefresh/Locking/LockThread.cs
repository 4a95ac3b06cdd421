namespace TokenRefresh.Locking;

/// <summary>The one background thread of an engine. It exists from the first contention on, and ends after a while without any.</summary>
/// <remarks>No thread-pool thread ever blocks on a lock: a few dozen blocked or polling ones starve everything else in a process.</remarks>
internal sealed class LockThread : IDisposable
{
    internal const string Name = "TokenRefresh lock";

    // Parked in a system call it needs next to nothing.
    private const int StackSize = 256 * 1024;
    private const int IdleMilliseconds = 10_000;

    private readonly object _lock = new();
    private readonly Action _work;
    private readonly Action _onIdle;
    private bool _isRunning;
    private bool _hasWork;
    private bool _isDisposed;

    internal LockThread(Action work, Action onIdle)
    {
        _work = work;
        _onIdle = onIdle;
    }

    internal void Start()
    {
        lock (_lock)
        {
            _hasWork = true;
            if (_isRunning)
            {
                Monitor.Pulse(_lock);
                return;
            }

            _isRunning = true;
        }

        // A background thread: it must not keep the process alive while another one holds the lock.
        try
        {
            new Thread(Run, StackSize) { IsBackground = true, Name = Name }.UnsafeStart();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            lock (_lock)
            {
                _isRunning = false;
                _hasWork = false;
            }

            throw new LockUnavailableException("The thread that waits for the lock cannot be started. Raise the limit of threads or processes of this user or container.", e);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Monitor.Pulse(_lock);
        }
    }

    private void Run()
    {
        while (WaitForWork())
        {
            _work();
            _onIdle();
        }
    }

    private bool WaitForWork()
    {
        lock (_lock)
        {
            while (!_hasWork)
            {
                if (_isDisposed || !Monitor.Wait(_lock, IdleMilliseconds) && !_hasWork)
                {
                    _isRunning = false;
                    return false;
                }
            }

            _hasWork = false;
            return true;
        }
    }
}
