using Microsoft.Identity.Client.Extensions.Msal;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>
/// The file lock of Microsoft.Identity.Client.Extensions.Msal. Its constructor blocks its thread, so it gets one of the pool, as in MSAL's
/// own cache.
/// </summary>
internal sealed class CrossPlatLockCoordination(CoordinationSettings settings, int retryMilliseconds, int retries)
    : LockedFileCoordination(settings)
{
    public override Task<IAsyncDisposable> LockAsync() =>
        Task.Run<IAsyncDisposable>(() => new Hold(new CrossPlatLock(LockPath, retryMilliseconds, retries)));

    private sealed class Hold(CrossPlatLock taken) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            taken.Dispose();
            return default;
        }
    }
}
