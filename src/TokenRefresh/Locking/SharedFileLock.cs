using System.Diagnostics;

namespace TokenRefresh.Locking;

/// <summary>The one place in a process that locks a given lock file; all that wait for it here are queued here.</summary>
/// <remarks>
/// A descriptor excludes no one inside its process, and closing or unlocking it would give away a sibling's lock. So there is one per
/// lock file and process, at any time in one of three states: free, held by one <see cref="LockHandle"/>, or waited for by one thread
/// that is parked in the system's blocking lock. Parked, it costs no CPU, wakes at once, and elects the next leader even if the holder
/// was killed. No thread of the pool ever blocks on a lock: a few dozen of them would starve everything else in a process.
/// </remarks>
internal sealed partial class SharedFileLock(string path, Func<LockFile> open, Action<SharedFileLock> onIdle) : IDisposable
{
    internal const string ThreadName = "TokenRefresh lock";

    // A lock file that is deleted over and over must not keep a caller that wants one try.
    private const int TriesAtOnce = 3;

    // How many holders of this process follow each other before another process gets its turn.
    private const int TurnsInARow = 2;

    // Gives the thread of another process that the unlock has woken time to take the lock: the system passes a flock to no particular
    // waiter, and the first to ask has it.
    private const int GiveWayMilliseconds = 1;

    private const int LongestPauseMilliseconds = 50;

    private readonly object _lock = new();
    private readonly List<Waiter> _queue = [];
    private LockFile? _file;
    private bool _isHeld;
    private bool _isParked;
    private bool _isDisposed;
    private int _turns;
    private int _pauseMilliseconds;

    internal readonly string Path = path;

    /// <summary>How many have rented it; kept by <see cref="SharedFileLocks"/>, under its lock.</summary>
    internal int Users;

    /// <summary>Whether it is held or waited for: then it cannot be closed yet.</summary>
    internal bool IsBusy
    {
        get
        {
            lock (_lock)
            {
                return _isHeld || _isParked;
            }
        }
    }

    /// <summary>Takes the lock if it is free, checked to be real and to be that of the file that the path names.</summary>
    /// <returns>The handle, or <see langword="null"/> if another one holds or awaits it.</returns>
    /// <exception cref="LockUnavailableException">It cannot be had here at all.</exception>
    internal LockHandle? TryAcquire(bool allowUnreliable, TimeProvider? time = null)
    {
        for (var tries = 1; tries <= TriesAtOnce; tries++)
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                AbandonDeletedFile_NeedsLock();
                if (_isHeld || _isParked)
                {
                    return null;
                }

                if (!TryLock_NeedsLock(allowUnreliable))
                {
                    if (_file!.IsAtPath())
                    {
                        return null;
                    }

                    // What another process holds is a file that was deleted since we opened it.
                    CloseFile_NeedsLock();
                    continue;
                }

                Debug.Assert(_queue.Count == 0, "Where one waits, the lock is held or the thread parked.");
                _isHeld = true;
                _turns = 1;
            }

            if (CreateVerifiedHandle(time ?? TimeProvider.System, allowUnreliable) is { } handle)
            {
                return handle;
            }
        }

        return null;
    }

    /// <summary>Waits for the lock, <paramref name="timeout"/> at most; <see cref="Timeout.InfiniteTimeSpan"/> is any time, zero one try.
    /// </summary>
    /// <returns>
    /// The handle, to be disposed; <see langword="null"/> if the time was over or the wait cancelled first, and then nothing is held.
    /// </returns>
    /// <exception cref="LockUnavailableException">It cannot be had here at all.</exception>
    internal ValueTask<LockHandle?> AcquireAsync(
        TimeSpan timeout, TimeProvider time, bool allowUnreliable, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return default;
        }

        if (TryAcquire(allowUnreliable, time) is { } handle)
        {
            return new(handle);
        }

        if (timeout <= TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            return default;
        }

        var waiter = new Waiter(this, timeout, time, allowUnreliable);
        waiter.Start(cancellationToken);
        Enqueue(waiter, isFirst: false);
        return new(waiter.Task);
    }

    internal LockFile OpenFile() => open();

    /// <summary>Gives the lock to the next that waits in this process, or back to the system.</summary>
    internal void Release()
    {
        lock (_lock)
        {
            Debug.Assert(_isHeld && !_isParked, "Only a holder releases, and the thread is not parked while there is one.");
            if (_turns < TurnsInARow && _queue.Count > 0)
            {
                _turns++;
                Grant_NeedsLock();
            }
            else
            {
                _file!.Release();
                _isHeld = false;
                _pauseMilliseconds = _queue.Count > 0 ? GiveWayMilliseconds : 0;
                Park_NeedsLock();
            }
        }

        onIdle(this);
    }

    private bool TryLock_NeedsLock(bool allowUnreliable)
    {
        _file ??= open();
        try
        {
            return _file.TryAcquire();
        }
        catch (LockUnavailableException) when (allowUnreliable)
        {
            return true;
        }
    }

    // Called by the holder to whom the lock was granted; until Release nothing else in this process touches the descriptor.
    private LockHandle? CreateVerifiedHandle(TimeProvider time, bool allowUnreliable)
    {
        var isConfirmed = false;
        try
        {
            var handle = new LockHandle(this, _file!);
            isConfirmed = handle.WriteHolderAndVerify(time, allowUnreliable);
            return isConfirmed ? handle : null;
        }
        finally
        {
            if (!isConfirmed)
            {
                Discard();
            }
        }
    }

    // The path names another file by now (ours was deleted), or the lock is none: what is locked excludes no one who comes later.
    private void Discard()
    {
        lock (_lock)
        {
            CloseFile_NeedsLock();
            _isHeld = false;

            // A program that deletes the file over and over must not keep this thread busy.
            _pauseMilliseconds = Math.Clamp(_pauseMilliseconds * 2, 1, LongestPauseMilliseconds);
            Park_NeedsLock();
        }

        onIdle(this);
    }

    private void Enqueue(Waiter waiter, bool isFirst)
    {
        lock (_lock)
        {
            if (waiter.HasEnded)
            {
                return;
            }

            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _queue.Insert(isFirst ? 0 : _queue.Count, waiter);
            Park_NeedsLock();
        }
    }

    private void Remove(Waiter waiter)
    {
        lock (_lock)
        {
            _queue.Remove(waiter);
        }
    }

    private void Grant_NeedsLock()
    {
        Waiter next = _queue[0];
        _queue.RemoveAt(0);
        ThreadPool.UnsafeQueueUserWorkItem(next, preferLocal: false);
    }

    private void CloseFile_NeedsLock()
    {
        // Unlocked first: a child that was forked and has not called exec yet still has the open file, and would keep the lock.
        _file?.Release();
        _file?.Dispose();
        _file = null;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Debug.Assert(!_isHeld && !_isParked && _queue.Count == 0, "A lock in use is never disposed.");
            _isDisposed = true;
            CloseFile_NeedsLock();
        }
    }
}
