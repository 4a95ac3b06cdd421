using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>
/// A lock tried again and again, with a <see cref="Task.Delay(TimeSpan, TimeProvider)"/> between two tries. The cheapest try there is: one
/// system call, no exception.
/// </summary>
internal sealed class PollingCoordination(CoordinationSettings settings, TimeSpan interval) : LockedFileCoordination(settings)
{
    public override async Task<IAsyncDisposable> LockAsync()
    {
        SafeFileHandle file = SystemCalls.OpenLockFile(LockPath);
        while (!SystemCalls.TryLock(file))
        {
            await Task.Delay(interval, TimeProvider);
        }

        return new LockFileHold(file);
    }
}
