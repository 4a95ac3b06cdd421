using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>A lock by a directory, as npm's <c>proper-lockfile</c> 4.1.2 takes it.</summary>
/// <remarks>
/// <c>mkdir</c> takes it, <c>rmdir</c> gives it back, and its time of last change is a heartbeat. The package removes one whose time is
/// older than its limit, at once and without a second look. Others may hold it whose process was merely stopped, and a clock that was set
/// back dates it in the future: so a directory that looks stale is taken over here only after it was seen unchanged for longer than a
/// heartbeat, by the one process that holds our own lock.
/// </remarks>
internal sealed class LockDirectory(string path, CompatibleLock settings, TimeProvider time, IFileOperations files, ILogger logger)
    : ICompatibleLock
{
    // A directory that is removed between mkdir and the look at it, this often in a row.
    private const int Tries = 3;

    // What the package adds to its own limits: its first time of last change is up to a second in the future, and some file systems keep
    // whole seconds, or even ones.
    private static readonly TimeSpan StaleMargin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchMargin = TimeSpan.FromSeconds(1);

    // What counts of the time between two looks: if this process was stopped, or the machine, the holder may have been so too.
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(1);

    private readonly object _lock = new();
    private FileIdentity? _own;
    private ITimer? _heartbeat;
    private bool _isSettling;
    private FileIdentity? _seen;
    private long _seenAt;
    private TimeSpan _watched;

    public string Path => path;

    /// <summary>Tells whether it was not renewed for too long, or lies in the future. Its holder may live all the same.</summary>
    internal static bool LooksLeftOver(FileIdentity directory, CompatibleLock settings, DateTimeOffset now)
    {
        TimeSpan age = now - ModifiedAt(directory);
        return age > settings.StaleAfter + StaleMargin || age < -StaleMargin;
    }

    public bool TryAcquire()
    {
        if (_isSettling)
        {
            // A Node process that found the same lock stale may have removed the one that was made here since.
            _isSettling = false;
            return Renew() || Forget();
        }

        try
        {
            for (var tries = 1; tries <= Tries; tries++)
            {
                if (files.TryCreateDirectory(path))
                {
                    Take();
                    return true;
                }

                if (files.IdentifyEntry(path) is { } there)
                {
                    return TakeOver(there);
                }
            }

            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.LockUnavailable(
                $"The lock '{path}' cannot be had",
                e,
                "Make its directory writable for this user, remove what is left over there, or correct 'CompatibleLocks'.");
        }
    }

    public bool Renew()
    {
        lock (_lock)
        {
            if (_own is null)
            {
                return false;
            }

            if (!IsSame(files.IdentifyEntry(path), _own))
            {
                _own = null;
                Log.CompatibleLockLost(logger, path);
                return false;
            }

            try
            {
                Touch_NeedsLock();
                return true;
            }
            catch (Exception)
            {
                // Still ours, and tried again at the next heartbeat. Also a clock of the program's own that throws: on a thread of the pool
                // that would end the process.
                return false;
            }
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _heartbeat?.Dispose();
            _heartbeat = null;
            _isSettling = false;
            if (_own is null)
            {
                return;
            }

            try
            {
                if (IsSame(files.IdentifyEntry(path), _own))
                {
                    files.RemoveDirectory(path);
                }
                else
                {
                    Log.CompatibleLockLost(logger, path);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Log.CompatibleLockStays(logger, path, e);
            }

            _own = null;
        }
    }

    public string Describe() => files.IdentifyEntry(path) is { } there
        ? $"it was last renewed at {ModifiedAt(there):O}, and counts as left over '{settings.StaleAfter + StaleMargin}' after that"
        : "it was held until a moment ago";

    private static DateTimeOffset ModifiedAt(FileIdentity directory) => new(directory.ModifiedTicks, TimeSpan.Zero);

    // A directory made anew may have the number of the one before.
    private static bool IsSame(FileIdentity? one, FileIdentity other) =>
        other.IsSameFileAs(one) && one!.ModifiedTicks == other.ModifiedTicks;

    private void Take()
    {
        lock (_lock)
        {
            try
            {
                _own = files.IdentifyEntry(path) ?? throw new IOException($"'{path}' cannot be identified.");
                Touch_NeedsLock();
                _heartbeat = time.CreateTimer(
                    static self => ((LockDirectory)self!).Renew(), this, settings.HeartbeatInterval, settings.HeartbeatInterval);
            }
            catch
            {
                // Only the one that was made here: another program may have put its own in its place.
                if (_own is { } own && own.IsSameFileAs(files.IdentifyEntry(path)))
                {
                    files.RemoveDirectory(path);
                }

                _own = null;
                throw;
            }
        }
    }

    private bool Forget()
    {
        Release();
        return false;
    }

    // Whole milliseconds, which is what the package compares. Kept as it is read back: the file system may keep less.
    private void Touch_NeedsLock()
    {
        DateTimeOffset now = time.GetUtcNow();
        files.SetModified(path, now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond)));
        FileIdentity? there = files.IdentifyEntry(path);
        if (there is null || !there.IsSameFileAs(_own) || (ModifiedAt(there) - now).Duration() > StaleMargin)
        {
            throw new IOException($"'{path}' was replaced.");
        }

        _own = there;
    }

    private bool TakeOver(FileIdentity there)
    {
        if (!there.IsDirectory)
        {
            throw new IOException($"'{path}' is not a directory.");
        }

        if (!IsLeftOver(there))
        {
            return false;
        }

        files.RemoveDirectory(path);
        _seen = null;
        if (files.TryCreateDirectory(path))
        {
            Take();
            _isSettling = true;
            Log.CompatibleLockTakenOver(logger, path, ModifiedAt(there));
        }

        return false;
    }

    private bool IsLeftOver(FileIdentity there)
    {
        long now = time.GetTimestamp();
        if (_seen is null || !IsSame(there, _seen))
        {
            _seen = there;
            _watched = TimeSpan.Zero;
        }
        else
        {
            TimeSpan gap = time.GetElapsedTime(_seenAt, now);
            _watched += gap < LongestGap ? gap : LongestGap;
        }

        _seenAt = now;
        return LooksLeftOver(there, settings, time.GetUtcNow()) && _watched >= settings.HeartbeatInterval + WatchMargin;
    }
}
