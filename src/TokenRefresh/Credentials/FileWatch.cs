using TokenRefresh.Locking;

namespace TokenRefresh.Credentials;

/// <summary>One watch per file and process: completes a task when the file may have changed. A hint; correctness holds if every event is lost.</summary>
internal sealed class FileWatch : IDisposable
{
    // While anybody waits, and only then, so that a lost event costs half a second and not the lock's time-out.
    private static readonly TimeSpan SafetyPoll = TimeSpan.FromMilliseconds(500);

    // Without a watch (macOS, where one makes the system sync its disks; out of inotify instances), the poll is all there is.
    private static readonly TimeSpan PollWithoutWatch = TimeSpan.FromMilliseconds(250);

    private static readonly SharedInstances<FileWatch> Shared = new(static path => new FileWatch(path), static _ => true);

    private readonly object _monitor = new();
    private readonly string _path;
    private FileSystemWatcher? _watcher;
    private TaskCompletionSource _changed = NewSignal();

    private FileWatch(string path) => _path = path;

    internal static FileWatch Rent(string path) => Shared.Rent(path);

    internal void Return() => Shared.Return(_path);

    /// <summary>Completes at the next change, or at the next poll. The watch is armed when this returns.</summary>
    internal Task WaitAsync(TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        Task changed;
        TimeSpan poll;
        lock (_monitor)
        {
            _watcher ??= TryStart();
            poll = _watcher is null ? PollWithoutWatch : SafetyPoll;
            changed = _changed.Task;
        }

        return WaitAsync(changed, poll, timeProvider, cancellationToken);
    }

    /// <summary>Wakes whoever waits, for a change this process knows of by itself.</summary>
    internal void Signal()
    {
        TaskCompletionSource changed;
        lock (_monitor)
        {
            changed = _changed;
            _changed = NewSignal();
        }

        changed.TrySetResult();
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

    private static async Task WaitAsync(Task changed, TimeSpan poll, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(changed, Task.Delay(poll, timeProvider, ended.Token)).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

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
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size,
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
}
