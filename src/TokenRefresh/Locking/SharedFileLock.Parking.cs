namespace TokenRefresh.Locking;

/// <content>The thread that is parked in the system's blocking lock: from the first wait on, until the lock is granted to it.</content>
internal sealed partial class SharedFileLock
{
    // The thread is parked in a system call, which needs little stack.
    private const int StackSize = 256 * 1024;

    private const int TryIntervalMilliseconds = 50;

    // Threads that are parked at a deleted lock file and end only with its holder. Counted for the whole process, since such a thread may
    // outlive the lock object that started it. Past that many, the lock is tried at intervals instead.
    private const int MaximumOfAbandonedThreads = 4;

    private static int _abandonedThreads;

    internal static int AbandonedThreads => Volatile.Read(ref _abandonedThreads);

    /// <summary>
    /// Looks whether the lock file that the thread waits for was deleted. Called twice a second while something waits; a timer for each
    /// waiter would be most of the processor time that waiting takes.
    /// </summary>
    internal void AbandonDeletedFile()
    {
        lock (_lock)
        {
            AbandonDeletedFile_NeedsLock();
        }
    }

    private static void Pause(int milliseconds)
    {
        if (milliseconds > 0)
        {
            // Never pulsed: a pause of this thread.
            var pause = new object();
            lock (pause)
            {
                Monitor.Wait(pause, milliseconds);
            }
        }
    }

    private void Park_NeedsLock()
    {
        if (_isHeld || _isParked || _queue.Count == 0)
        {
            return;
        }

        try
        {
            // A background thread: it must not keep the process alive while another one holds the lock.
            new Thread(Park, StackSize) { IsBackground = true, Name = ThreadName }.UnsafeStart(_file);
            _isParked = true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            FailAll_NeedsLock(sparingUnreliable: false, new LockUnavailableException(
                "The thread that waits for the lock cannot be started. Raise the limit of threads or processes of this user or container.",
                e));
        }
    }

    // The life of the thread: one blocking lock, granted to the first that waits by then.
    private void Park(object? state)
    {
        var file = (LockFile?)state;
        Exception? failure = null;
        var isGranted = false;
        try
        {
            Pause(_pauseMilliseconds);
            if (file is null)
            {
                file = open();
                lock (_lock)
                {
                    _file = file;
                }
            }

            isGranted = WaitForSystem(file);
        }
        catch (Exception e)
        {
            failure = e;
        }

        lock (_lock)
        {
            if (file != _file)
            {
                // Abandoned: the others have gone on with the file that the path names.
                file!.Release();
                file.Dispose();
                Interlocked.Decrement(ref _abandonedThreads);
                return;
            }

            _isParked = false;
            if (failure is not null)
            {
                FailAll_NeedsLock(sparingUnreliable: file is not null, failure);
                isGranted = _queue.Count > 0;
            }

            if (isGranted && _queue.Count > 0)
            {
                _isHeld = true;
                _turns = 1;
                Grant_NeedsLock();
            }
            else
            {
                _file?.Release();
                Park_NeedsLock();
            }
        }

        onIdle(this);
    }

    private bool WaitForSystem(LockFile file)
    {
        if (!file.MayBlockForever && AbandonedThreads < MaximumOfAbandonedThreads)
        {
            file.Acquire();
            return true;
        }

        while (IsWanted(file))
        {
            if (file.TryAcquire())
            {
                return true;
            }

            // Jitter, so that the processes of one machine do not try in step.
            Pause(TryIntervalMilliseconds + Random.Shared.Next(TryIntervalMilliseconds / 2));
        }

        return false;
    }

    private bool IsWanted(LockFile file)
    {
        lock (_lock)
        {
            return file == _file && _queue.Count > 0;
        }
    }

    // A thread in a blocking flock cannot be woken: what it waits for is the lock of a file that no longer has the name, maybe held by a
    // stopped process. Another one goes on with the file that has it.
    private void AbandonDeletedFile_NeedsLock()
    {
        if (_isParked && _file?.IsAtPath() == false)
        {
            Interlocked.Increment(ref _abandonedThreads);
            _file = null;
            _isParked = false;
            Park_NeedsLock();
        }
    }

    // A waiter that accepts a lock that excludes no one goes on if locking fails, but not if the file cannot be opened.
    private void FailAll_NeedsLock(bool sparingUnreliable, Exception failure)
    {
        for (int i = _queue.Count - 1; i >= 0; i--)
        {
            if (!sparingUnreliable || !_queue[i].AllowUnreliable)
            {
                _queue[i].Fail(failure);
                _queue.RemoveAt(i);
            }
        }

        if (_queue.Count == 0)
        {
            CloseFile_NeedsLock();
        }
    }
}
