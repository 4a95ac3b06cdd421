using TokenRefresh.Locking;

namespace TokenRefresh.Credentials;

/// <summary>One watch per file and process: completes a task when the file may have changed. A hint; correctness holds if every event is lost.</summary>
internal sealed class FileWatch : IDisposable
{
    // While anybody waits, and only then, so that a lost event costs half a second and not the lock's time-out.
    private static readonly TimeSpan SafetyPoll = TimeSpan.FromMilliseconds(500);

    // Without a watch (macOS, where one makes the system sync its disks; out of inotify instances), the poll is all there is.
    private static readonly TimeSpan PollWithoutWatch = TimeSpan.FromMilliseconds(250);

    // Every save of ours is a rename. On Linux a watch sees the whole directory, so with writes each waiter would wake for every write to the lock file and the temp file beside it, which costs more than the hand-over.
    // A program that writes in place is noticed by the poll, or under the lock.
    private static readonly NotifyFilters Changes = OperatingSystem.IsLinux() ? NotifyFilters.FileName : NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size;

    private static readonly SharedInstances<FileWatch> Shared = new(static path => new FileWatch(path), static _ => true);

    private readonly object _monitor = new();
    private readonly string _path;
    private FileSystemWatcher? _watcher;
    private List<Waiter> _waiters = [];

    private FileWatch(string path) => _path = path;

    internal static FileWatch Rent(string path) => Shared.Rent(path);

    internal void Return() => Shared.Return(_path);

    /// <summary>Completes at the next change, or at the next poll. The watch is armed when this returns.</summary>
    internal Task WaitAsync(TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(this);
        TimeSpan poll;
        lock (_monitor)
        {
            _watcher ??= TryStart();
            poll = _watcher is null ? PollWithoutWatch : SafetyPoll;
            _waiters.Add(waiter);
        }

        waiter.Start(poll, timeProvider, cancellationToken);
        return waiter.Task;
    }

    /// <summary>Wakes whoever waits, for a change this process knows of by itself.</summary>
    internal void Signal()
    {
        List<Waiter> waiters;
        lock (_monitor)
        {
            waiters = _waiters;
            _waiters = [];
        }

        waiters.ForEach(static waiter => waiter.TrySetResult());
    }

    public void Dispose()
    {
        lock (_monitor)
        {
            _watcher?.Dispose();
            _watcher = null;
        }

        Signal();
    }

    private FileSystemWatcher? TryStart()
    {
        if (OperatingSystem.IsMacOS())
        {
            return null;
        }

        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(Path.GetDirectoryName(_path)!, Path.GetFileName(_path))
            {
                NotifyFilter = Changes,
            };
            watcher.Created += (_, _) => Signal();
            watcher.Changed += (_, _) => Signal();
            watcher.Deleted += (_, _) => Signal();
            watcher.Renamed += (_, _) => Signal();
            watcher.Error += (_, _) => Restart();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // No such directory yet, or the user's 128 inotify instances are in use.
            watcher?.Dispose();
            return null;
        }
    }

    // The directory went away or events were dropped; the next waiter arms a new watch.
    private void Restart()
    {
        lock (_monitor)
        {
            _watcher?.Dispose();
            _watcher = null;
        }

        Signal();
    }

    /// <summary>One wait. Its end throws nothing: dozens of processes leave theirs at the same moment, and an exception costs more than all the rest of it.</summary>
    private sealed class Waiter(FileWatch watch) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private ITimer? _poll;
        private CancellationTokenRegistration _cancellation;

        internal void Start(TimeSpan poll, TimeProvider timeProvider, CancellationToken cancellationToken)
        {
            _poll = timeProvider.CreateTimer(static waiter => ((Waiter)waiter!).TrySetResult(), this, poll, Timeout.InfiniteTimeSpan);
            _cancellation = cancellationToken.UnsafeRegister(static (waiter, token) => ((Waiter)waiter!).TrySetCanceled(token), this);
            _ = Task.ContinueWith(static (_, waiter) => ((Waiter)waiter!).Stop(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        private void Stop()
        {
            _poll!.Dispose();
            _cancellation.Dispose();
            lock (watch._monitor)
            {
                watch._waiters.Remove(this);
            }
        }
    }
}
