using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <summary>One watch per file and process: completes a task when the file may have changed. A hint; correctness holds if every event is lost.</summary>
internal sealed class FileChangeWatch : IDisposable
{
    // While anybody waits, and only then, so that a lost event costs half a second and not the lock's time-out.
    private static readonly TimeSpan SafetyPoll = TimeSpan.FromMilliseconds(500);

    // Without a watch (macOS, where one makes the system sync its disks; out of inotify instances), the poll is all there is.
    private static readonly TimeSpan PollWithoutWatch = TimeSpan.FromMilliseconds(250);

    private static readonly SharedInstances<FileChangeWatch> Shared = new(static path => new FileChangeWatch(path));

    private readonly object _lock = new();
    private readonly string _path;
    private IDisposable? _events;
    private List<Waiter> _waiters = [];

    private FileChangeWatch(string path) => _path = path;

    internal static FileChangeWatch Rent(string path) => Shared.Rent(path);

    internal void Return() => Shared.Return(_path);

    /// <summary>Completes at the next change, or at the next poll. The watch is armed when this returns.</summary>
    internal Task WaitAsync(TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(this, cancellationToken);
        lock (_lock)
        {
            _events ??= TryStart();
            waiter.Start(_events is null ? PollWithoutWatch : SafetyPoll, timeProvider);
            if (!waiter.Task.IsCompleted)
            {
                _waiters.Add(waiter);
            }
        }

        return waiter.Task;
    }

    public void Dispose() => Drop();

    private static FileSystemWatcher? TryStartWatcher(string path, Action onChange, Action onLost)
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path))
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size,
            };
            watcher.Created += (_, _) => onChange();
            watcher.Changed += (_, _) => onChange();
            watcher.Deleted += (_, _) => onChange();
            watcher.Renamed += (_, _) => onChange();
            watcher.Error += (_, _) => onLost();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // No such directory yet, or no more watches for this user.
            watcher?.Dispose();
            return null;
        }
    }

    // Every save of ours is a rename. A program that writes in place, or deletes the file, is noticed on Linux by the poll, or under the lock.
    private IDisposable? TryStart() =>
        OperatingSystem.IsLinux() ? Inotify.TrySubscribe(_path, Signal, Drop)
        : OperatingSystem.IsMacOS() ? null
        : TryStartWatcher(_path, Signal, Drop);

    private void Signal()
    {
        List<Waiter> waiters;
        lock (_lock)
        {
            waiters = _waiters;
            _waiters = [];
        }

        if (waiters.Count == 0)
        {
            // Nobody waits: those who do elsewhere shall not have to wait for this process to wake at each of their saves.
            Drop();
            return;
        }

        waiters.ForEach(static waiter => waiter.End());
    }

    // The directory went away, events were dropped, or nobody waits; the next waiter arms a new watch.
    private void Drop()
    {
        IDisposable? events;
        List<Waiter> waiters;
        lock (_lock)
        {
            (events, _events) = (_events, null);
            (waiters, _waiters) = (_waiters, []);
        }

        events?.Dispose();
        waiters.ForEach(static waiter => waiter.End());
    }

    private void Leave(Waiter waiter)
    {
        lock (_lock)
        {
            _waiters.Remove(waiter);
        }
    }

    /// <summary>One wait. Its end throws nothing and takes one step of one other thread, that of the code that waits: dozens of processes end theirs at the same moment.</summary>
    private sealed class Waiter(FileChangeWatch watch, CancellationToken cancellationToken) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private ITimer? _poll;
        private CancellationTokenRegistration _cancellation;

        // Under the watch's monitor, so that no end but that of a token cancelled before comes until this is whole and in the list.
        internal void Start(TimeSpan poll, TimeProvider timeProvider)
        {
            _poll = timeProvider.CreateTimer(static waiter => ((Waiter)waiter!).LeaveAndEnd(), this, poll, Timeout.InfiniteTimeSpan);
            _cancellation = cancellationToken.UnsafeRegister(static waiter => ((Waiter)waiter!).LeaveAndEnd(), this);
        }

        /// <summary>Ends the wait; the watch has forgotten it already.</summary>
        internal void End()
        {
            // First of all: by the time a sleeping thread has woken to go on, the rest is done.
            _ = cancellationToken.IsCancellationRequested ? TrySetCanceled(cancellationToken) : TrySetResult();
            _poll!.Dispose();
            _cancellation.Unregister();
        }

        private void LeaveAndEnd()
        {
            watch.Leave(this);
            End();
        }
    }
}
