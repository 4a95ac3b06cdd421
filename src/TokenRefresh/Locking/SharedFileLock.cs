using System.Diagnostics;

namespace TokenRefresh.Locking;

/// <summary>The one place in a process that locks a given lock file; every lease of every provider on that file is queued here.</summary>
/// <remarks>
/// A descriptor excludes nobody inside its process, and closing or unlocking it would give away a sibling's lock. So one engine per lock file and process owns the one descriptor,
/// tries only while its thread is not parked, hands the lock from lease to lease, and unlocks when no lease is outstanding.
/// </remarks>
internal sealed class SharedFileLock : IDisposable
{
    // A lock file that is deleted over and over must not keep a caller that wants one try in here for ever.
    private const int TriesWithoutWaiting = 50;

    private readonly object _lock = new();
    private readonly LinkedList<LockWaiter> _queue = new();
    private readonly Func<string, LockFile> _open;
    private readonly LockThread _thread;
    private readonly Action _onIdle;
    private LockFile? _file;
    private bool _isOwned;
    private bool _isParked;
    private bool _isDisposed;

    internal SharedFileLock(string path, Func<string, LockFile> open, Action onIdle)
    {
        Path = path;
        _open = open;
        _onIdle = onIdle;
        _thread = new LockThread(ParkUntilGranted, onIdle);
    }

    internal string Path { get; }

    /// <summary>Whether a lease is out or awaited, or the thread is blocked in the system's lock: then the engine cannot be closed yet.</summary>
    internal bool IsBusy
    {
        get
        {
            lock (_lock)
            {
                return _isParked || _isOwned || _queue.Count > 0;
            }
        }
    }

    /// <summary>Acquires the lock, checked to be real and to be that of the file the path names.</summary>
    /// <returns>The hold, or <see langword="null"/> if the time was over first, or the wait was cancelled.</returns>
    internal async ValueTask<LockHandle?> AcquireAsync(LockRequest request, CancellationToken cancellationToken)
    {
        long start = request.TimeProvider.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            TimeSpan left = request.Timeout - request.TimeProvider.GetElapsedTime(start);
            if (!await EnterAsync(left, request, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            // From here to Exit nobody else in this process touches the descriptor.
            bool isConfirmed;
            LockHandle? hold = null;
            try
            {
                LockFile file = _file!;
                hold = new LockHandle(this, file);
                isConfirmed = hold.Claim(request);
            }
            catch
            {
                Exit(discard: true);
                throw;
            }

            if (isConfirmed)
            {
                return hold;
            }

            // The path names another file by now (somebody deleted ours): what is locked excludes nobody who comes later.
            Exit(discard: true);
            if (cancellationToken.IsCancellationRequested || (left <= TimeSpan.Zero && tries >= TriesWithoutWaiting))
            {
                return null;
            }
        }
    }

    /// <summary>Gives the lock to the next lease that waits in this process, or back to the system.</summary>
    internal void Exit(bool discard)
    {
        lock (_lock)
        {
            Debug.Assert(_isOwned && !_isParked, "Only the owner exits, and nobody parks while there is one.");
            if (discard)
            {
                CloseFile();
                _isOwned = false;
                ParkIfAnyoneWaits();
            }
            else
            {
                HandOver();
            }
        }

        _onIdle();
    }

    internal LockFile OpenAnother() => _open(Path);

    public void Dispose()
    {
        lock (_lock)
        {
            Debug.Assert(!_isParked && !_isOwned && _queue.Count == 0, "An engine in use is never disposed.");
            _isDisposed = true;
            CloseFile();
        }

        _thread.Dispose();
    }

    private async ValueTask<bool> EnterAsync(TimeSpan timeout, LockRequest request, CancellationToken cancellationToken)
    {
        LockWaiter waiter;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_isOwned && !_isParked)
            {
                Debug.Assert(_queue.Count == 0, "Whoever waits without an owner has the thread parked for it.");
                if (TryLock(request.AllowUnreliable))
                {
                    _isOwned = true;
                    return true;
                }
            }

            if (timeout <= TimeSpan.Zero)
            {
                return false;
            }

            waiter = new LockWaiter();
            waiter.Node = _queue.AddLast(waiter);
            ParkIfAnyoneWaits();
        }

        bool isGranted = await waiter.WaitAsync(timeout, request.TimeProvider, cancellationToken).ConfigureAwait(false);
        if (!isGranted)
        {
            lock (_lock)
            {
                Remove(waiter);
            }
        }

        return isGranted;
    }

    private bool TryLock(bool allowUnreliable)
    {
        _file ??= _open(Path);
        try
        {
            return _file.TryAcquire();
        }
        catch (LockUnavailableException) when (allowUnreliable)
        {
            return true;
        }
    }

    private void ParkIfAnyoneWaits()
    {
        if (!_isOwned && !_isParked && _queue.Count > 0)
        {
            _isParked = true;
            try
            {
                _thread.Start();
            }
            catch (LockUnavailableException e)
            {
                _isParked = false;
                FailAll(e);
            }
        }
    }

    // On the engine's thread: parked in the system's lock it costs no CPU, wakes in the order of the system's queue, and elects the next leader even if the holder was killed.
    private void ParkUntilGranted()
    {
        LockFile? file = null;
        Exception? failure = null;
        var isGranted = false;
        try
        {
            file = _file ?? _open(Path);
            isGranted = BlockingAcquire.Run(file, HasWaiters);
        }
        catch (Exception e)
        {
            failure = e;
        }

        lock (_lock)
        {
            _file = file;
            _isParked = false;
            if (failure is not null)
            {
                CloseFile();
                FailAll(failure);
            }
            else if (isGranted)
            {
                HandOver();
            }
            else
            {
                ParkIfAnyoneWaits();
            }
        }
    }

    private bool HasWaiters()
    {
        lock (_lock)
        {
            return _queue.Count > 0;
        }
    }

    private void HandOver()
    {
        while (_queue.First is { } node)
        {
            LockWaiter waiter = node.Value;
            Remove(waiter);
            if (waiter.TryGrant())
            {
                _isOwned = true;
                return;
            }
        }

        _isOwned = false;
        _file!.Release();
    }

    private void FailAll(Exception failure)
    {
        while (_queue.First is { } node)
        {
            LockWaiter waiter = node.Value;
            Remove(waiter);
            waiter.Fail(failure);
        }
    }

    private void Remove(LockWaiter waiter)
    {
        if (waiter.Node is { List: not null } node)
        {
            _queue.Remove(node);
        }
    }

    private void CloseFile()
    {
        // An explicit unlock first: a child that was forked without exec in between would otherwise keep the open file, and the lock with it.
        _file?.Release();
        _file?.Dispose();
        _file = null;
    }
}
