using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>
/// The least a waiter can do in .NET: it is told of the rename, and reads the file. No process takes over if the holder dies, a used token
/// is not recognized, and a lost event is never noticed: not a scheme to use, but a floor.
/// </summary>
internal sealed class BareWatchCoordination : LockedFileCoordination
{
    private readonly FileSystemWatcher _watcher;
    private volatile TaskCompletionSource _changed = NewSignal();

    internal BareWatchCoordination(CoordinationSettings settings)
        : base(settings)
    {
        string directory = Path.GetDirectoryName(settings.CredentialsPath)!;
        _watcher = new FileSystemWatcher(directory, Path.GetFileName(settings.CredentialsPath)) { NotifyFilter = NotifyFilters.FileName };
        _watcher.Renamed += (_, _) => _changed.TrySetResult();
        _watcher.EnableRaisingEvents = true;
    }

    public override async Task<IAsyncDisposable> LockAsync()
    {
        SafeFileHandle file = SystemCalls.OpenLockFile(LockPath);
        _changed = NewSignal();
        if (!SystemCalls.TryLock(file))
        {
            // What is guarded is a look at the file: once it has changed, that needs no lock.
            await _changed.Task;
        }

        return new LockFileHold(file);
    }

    public override ValueTask DisposeAsync()
    {
        _watcher.Dispose();
        return base.DisposeAsync();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
