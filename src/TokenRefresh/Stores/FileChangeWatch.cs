using System.Runtime.Versioning;
using System.Text;
using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <summary>One watch per file and process: completes a task when the file may have changed. A hint; correctness holds if every event is
/// lost.</summary>
/// <remarks>
/// One thread per process serves all watches, and only while a task waits. It takes the events and, now and then, asks the system whether a
/// watched file is still the same one: on a thread of its own that costs
/// a tenth of what a .NET timer does.
/// </remarks>
internal sealed class FileChangeWatch : IDisposable
{
    private const string ThreadName = "TokenRefresh watch";
    private const int StackSize = 256 * 1024;

    // How long a change goes unnoticed whose event was lost, or that has none: a program that writes in place or deletes the file.
    private const int PollMilliseconds = 500;

    // Without events (macOS, where a watch makes the system sync its disks; out of inotify instances), the poll is all there is.
    private const int PollMillisecondsWithoutEvents = 250;

    private static readonly SharedInstances<FileChangeWatch> Shared = new(static path => new FileChangeWatch(path));

    // Guards all watches: there are one or two of them in a process, and nothing is done under it that waits.
    private static readonly object Lock = new();
    private static readonly List<FileChangeWatch> Armed = [];
    private static Inotify? _inotify;
    private static bool _isRunning;

    private readonly byte[] _name;
    private readonly List<Waiter> _waiters = [];
    private FileSystemWatcher? _watcher;
    private FileIdentity? _seen;
    private int _watch = -1;
    private bool _isArmed;

    private FileChangeWatch(string path)
    {
        Path = path;
        _name = Encoding.UTF8.GetBytes(System.IO.Path.GetFileName(path));
    }

    internal string Path { get; }

    private bool HasEvents => _watch >= 0 || _watcher is not null;

    internal static FileChangeWatch Rent(string path) => Shared.Rent(path);

    internal void Return() => Shared.Return(Path);

    /// <summary>Completes at the next change. The watch is armed when this returns.</summary>
    internal Task WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        var waiter = new Waiter(this, cancellationToken);
        lock (Lock)
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

    public void Dispose()
    {
        lock (Lock)
        {
            Disarm_NeedsLock();
            End_NeedsLock();
        }
    }

    private static void Run()
    {
        long lastPoll = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Inotify? inotify;
            int period = PollMilliseconds;
            lock (Lock)
            {
                foreach (FileChangeWatch watch in Armed)
                {
                    period = watch.HasEvents ? period : PollMillisecondsWithoutEvents;
                }

                inotify = _inotify;
                if (inotify is null)
                {
                    Monitor.Wait(Lock, period);
                }
            }

            if (inotify is not null && OperatingSystem.IsLinux())
            {
                TakeEvents(inotify, period);
            }

            if (TimeProvider.System.GetElapsedTime(lastPoll).TotalMilliseconds < period)
            {
                continue;
            }

            lastPoll = TimeProvider.System.GetTimestamp();
            lock (Lock)
            {
                for (int i = Armed.Count - 1; i >= 0; i--)
                {
                    Armed[i].Poll_NeedsLock();
                }

                if (Armed.Count == 0)
                {
                    // The next wait starts another thread; until then this process keeps neither thread nor descriptor.
                    Close_NeedsLock();
                    _isRunning = false;
                    return;
                }
            }
        }
    }

    [SupportedOSPlatform("linux")]
    private static void TakeEvents(Inotify inotify, int milliseconds)
    {
        try
        {
            ReadOnlySpan<byte> events = inotify.Wait(milliseconds);
            if (events.IsEmpty)
            {
                return;
            }

            lock (Lock)
            {
                while (Inotify.TryTake(ref events, out int number, out ReadOnlySpan<byte> name))
                {
                    for (int i = Armed.Count - 1; i >= 0; i--)
                    {
                        FileChangeWatch watch = Armed[i];
                        if (number < 0 || (number == watch._watch && name.SequenceEqual(watch._name)))
                        {
                            watch.OnChange_NeedsLock();
                        }
                        else if (number == watch._watch && name.IsEmpty)
                        {
                            // The directory is gone, or has another name; the next wait watches its successor.
                            watch.Disarm_NeedsLock();
                            watch.End_NeedsLock();
                        }
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // EBADF, for one, if foreign code closed a descriptor that was not its own. The next wait opens another instance; those of this
            // one have their polls.
            lock (Lock)
            {
                foreach (FileChangeWatch watch in Armed)
                {
                    watch._watch = -1;
                }

                Close_NeedsLock();
            }
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

    // Every save of ours is a rename.
    private void Arm_NeedsLock()
    {
        if (_isArmed)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            _inotify ??= Inotify.TryOpen();
            _watch = _inotify?.Add(System.IO.Path.GetDirectoryName(Path)!) ?? -1;
        }
        else if (!OperatingSystem.IsMacOS())
        {
            _watcher = TryStartWatcher(Path, OnWatcherChange, OnWatcherLost);
        }

        _isArmed = true;
        Armed.Add(this);
        StartThread_NeedsLock();
    }

    private static void StartThread_NeedsLock()
    {
        if (_isRunning)
        {
            return;
        }

        try
        {
            // A background thread: it must not keep the process alive.
            new Thread(Run, StackSize) { IsBackground = true, Name = ThreadName }.UnsafeStart();
            _isRunning = true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            // Then the waiters of this process learn of a change when they have the lock.
        }
    }

    private static void Close_NeedsLock()
    {
        if (OperatingSystem.IsLinux())
        {
            _inotify?.Dispose();
            _inotify = null;
        }
    }

    private void Disarm_NeedsLock()
    {
        if (!_isArmed)
        {
            return;
        }

        _isArmed = false;
        Armed.Remove(this);
        int number = _watch;
        _watch = -1;
        if (number >= 0 && OperatingSystem.IsLinux() && !Armed.Exists(other => other._watch == number))
        {
            _inotify?.Remove(number);
        }

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

    private void Poll_NeedsLock()
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

    // What was there is compared, not read: one system call.
    private bool HasChanged_NeedsLock()
    {
        FileIdentity? before = _seen;
        _seen = FileOperations.Identify(Path);
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
        lock (Lock)
        {
            OnChange_NeedsLock();
        }
    }

    private void OnWatcherLost()
    {
        lock (Lock)
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
            _cancellation = cancellationToken.UnsafeRegister(static waiter => ((Waiter)waiter!).Cancel(), this);
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

        private void Cancel()
        {
            lock (Lock)
            {
                watch._waiters.Remove(this);
            }

            TrySetCanceled(cancellationToken);
        }
    }
}
