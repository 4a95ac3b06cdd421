using System.Runtime.Versioning;
using TokenRefresh.Interop;
using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>The thread that serves all watches of the process; it runs only while something waits. It takes the events and, twice a second
/// or more, asks the system whether a watched file is still the same, and an awaited lock file still there. A .NET timer would cost ten
/// times as much.</summary>
internal static class FileChangeThread
{
    /// <summary>Guards all watches and the locks that are waited for. There are one or two in a process, and nothing is done under it that
    /// waits. Taken before the lock of a <see cref="SharedFileLock"/>, never inside it.</summary>
    internal static readonly object Lock = new();

    private const string Name = "TokenRefresh watch";
    private const int StackSize = 256 * 1024;

    // How long it takes to notice a change whose event was lost, or that has none: a write in place, or a file's deletion.
    private const int PollMilliseconds = 500;

    // Where there are no events, the poll alone tells of changes: on macOS, where a watch makes the system sync its disks, and where this
    // user's inotify instances are in use.
    private const int PollMillisecondsWithoutEvents = 250;

    private static readonly List<FileChangeWatch> Armed = [];
    private static readonly List<SharedFileLock> Awaited = [];
    private static Inotify? _inotify;
    private static bool _isRunning;

    /// <summary>Watches a directory, and returns the number that its events carry; negative if it cannot be watched.</summary>
    [SupportedOSPlatform("linux")]
    internal static int AddDirectory_NeedsLock(string directory)
    {
        _inotify ??= Inotify.TryOpen();
        return _inotify?.Add(directory) ?? -1;
    }

    /// <summary>Looks after a lock file while something waits for its lock; for each call there must be one of <see cref="Remove"/>.
    /// </summary>
    internal static void Add(SharedFileLock awaited)
    {
        lock (Lock)
        {
            Awaited.Add(awaited);
            Start_NeedsLock();
        }
    }

    internal static void Remove(SharedFileLock awaited)
    {
        lock (Lock)
        {
            Awaited.Remove(awaited);
        }
    }

    internal static void Add_NeedsLock(FileChangeWatch watch)
    {
        Armed.Add(watch);
        Start_NeedsLock();

        // If it runs for a lock alone, it waits without the events that this watch brings.
        Monitor.PulseAll(Lock);
    }

    internal static void Remove_NeedsLock(FileChangeWatch watch)
    {
        Armed.Remove(watch);
        int number = watch.Number;
        if (number >= 0 && OperatingSystem.IsLinux() && !Armed.Exists(other => other.Number == number))
        {
            _inotify?.Remove(number);
        }
    }

    private static void Start_NeedsLock()
    {
        if (_isRunning)
        {
            return;
        }

        try
        {
            // A background thread: it must not keep the process alive.
            new Thread(Run, StackSize) { IsBackground = true, Name = Name }.UnsafeStart();
            _isRunning = true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            // Then the waiters of this process learn of a change, or of a deleted lock file, only when they have the lock or give up.
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

                foreach (SharedFileLock awaited in Awaited)
                {
                    awaited.AbandonDeletedFile();
                }

                if (Armed.Count + Awaited.Count == 0)
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
                        Armed[i].OnEvent_NeedsLock(number, name);
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // For example EBADF, if other code of the process closed our descriptor. The next wait opens another instance; the waits that
            // run now rely on the poll.
            lock (Lock)
            {
                foreach (FileChangeWatch watch in Armed)
                {
                    watch.Number = -1;
                }

                Close_NeedsLock();
            }
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
}
