using System.Text;
using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <summary>One watch per file and process: completes a task when the file may have changed. A hint: nothing goes wrong if every event is
/// lost.</summary>
internal sealed class FileChangeWatch(string path)
{
    // Of this process, by path; guarded by the lock of the thread.
    private static readonly Dictionary<string, FileChangeWatch> Watches = new(StringComparer.Ordinal);

    private readonly byte[] _name = Encoding.UTF8.GetBytes(System.IO.Path.GetFileName(path));
    private readonly List<Waiter> _waiters = [];
    private FileSystemWatcher? _watcher;
    private FileIdentity? _seen;
    private bool _isArmed;
    private int _users;

    internal readonly string Path = path;

    /// <summary>The number of the inotify watch of the directory; negative without one.</summary>
    internal int Number = -1;

    /// <summary>Gets whether the system reports changes; otherwise only the poll finds them.</summary>
    internal bool HasEvents => Number >= 0 || _watcher is not null;

    /// <summary>Gets the watch of this file; for each call there must be one of <see cref="Return"/>.</summary>
    internal static FileChangeWatch Rent(string path)
    {
        lock (FileChangeThread.Lock)
        {
            if (!Watches.TryGetValue(path, out FileChangeWatch? watch))
            {
                Watches.Add(path, watch = new FileChangeWatch(path));
            }

            watch._users++;
            return watch;
        }
    }

    /// <summary>Lets go of the watch; the last one to do so ends it.</summary>
    internal void Return()
    {
        lock (FileChangeThread.Lock)
        {
            if (--_users == 0)
            {
                Watches.Remove(Path);
                Disarm_NeedsLock();
                End_NeedsLock();
            }
        }
    }

    /// <summary>Completes at the next change. The watch is armed when this returns.</summary>
    internal Task WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        var waiter = new Waiter(this, cancellationToken);
        lock (FileChangeThread.Lock)
        {
            Arm_NeedsLock();
            if (HasChanged_NeedsLock())
            {
                End_NeedsLock();
            }

            _waiters.Add(waiter);
        }

        waiter.Register();
        return waiter.Task;
    }

    /// <summary>
    /// Takes an event of the directory: of the file with this name, of all files if <paramref name="number"/> is negative.
    /// </summary>
    internal void OnEvent_NeedsLock(int number, ReadOnlySpan<byte> name)
    {
        if (number < 0 || (number == Number && name.SequenceEqual(_name)))
        {
            OnChange_NeedsLock();
        }
        else if (number == Number && name.IsEmpty)
        {
            // The directory is gone, or has another name; the next wait watches its successor.
            Disarm_NeedsLock();
            End_NeedsLock();
        }
    }

    /// <summary>Ends the waits if the file is another one now; stops watching if nothing waits.</summary>
    internal void Poll_NeedsLock()
    {
        if (_waiters.Count == 0)
        {
            Disarm_NeedsLock();
        }
        else if (HasChanged_NeedsLock())
        {
            End_NeedsLock();
        }
    }

    private static FileSystemWatcher? TryStartWatcher(string path, Action onChange, Action onLost)
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(System.IO.Path.GetDirectoryName(path)!, System.IO.Path.GetFileName(path))
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

    private void Arm_NeedsLock()
    {
        if (_isArmed)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            Number = FileChangeThread.AddDirectory_NeedsLock(System.IO.Path.GetDirectoryName(Path)!);
        }
        else if (!OperatingSystem.IsMacOS())
        {
            _watcher = TryStartWatcher(Path, OnWatcherChange, OnWatcherLost);
        }

        _isArmed = true;
        FileChangeThread.Add_NeedsLock(this);
    }

    private void Disarm_NeedsLock()
    {
        if (!_isArmed)
        {
            return;
        }

        _isArmed = false;
        FileChangeThread.Remove_NeedsLock(this);
        Number = -1;
        _watcher?.Dispose();
        _watcher = null;
    }

    private void OnChange_NeedsLock()
    {
        if (_waiters.Count == 0)
        {
            // No waiters: stop watching, so that saves of other processes do not wake this one.
            Disarm_NeedsLock();
        }
        else
        {
            End_NeedsLock();
        }
    }

    // What was there is compared, not read: one system call.
    private bool HasChanged_NeedsLock()
    {
        FileIdentity? before = _seen;
        _seen = FileOperations.Default.IdentifyEntry(Path);
        return _seen is null ? before is not null : before is null || !before.HasSameContentAs(_seen);
    }

    private void End_NeedsLock()
    {
        foreach (Waiter waiter in _waiters)
        {
            waiter.End();
        }

        _waiters.Clear();
    }

    private void OnWatcherChange()
    {
        lock (FileChangeThread.Lock)
        {
            OnChange_NeedsLock();
        }
    }

    private void OnWatcherLost()
    {
        lock (FileChangeThread.Lock)
        {
            Disarm_NeedsLock();
            End_NeedsLock();
        }
    }

    /// <summary>One wait. Its end takes one step of one other thread, that of the code that waits: dozens of processes end theirs at the
    /// same moment.</summary>
    private sealed class Waiter(FileChangeWatch watch, CancellationToken cancellationToken)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private CancellationTokenRegistration _cancellation;

        internal void Register()
        {
            _cancellation = cancellationToken.UnsafeRegister(Cancel, this);
            if (Task.IsCompleted)
            {
                _cancellation.Unregister();
            }
        }

        internal void End()
        {
            TrySetResult();
            _cancellation.Unregister();
        }

        // A method, since a fresh process compiles three for a lambda.
        private static void Cancel(object? waiter) => ((Waiter)waiter!).Cancel();

        private void Cancel()
        {
            lock (FileChangeThread.Lock)
            {
                watch._waiters.Remove(this);
            }

            TrySetCanceled(cancellationToken);
        }
    }
}
