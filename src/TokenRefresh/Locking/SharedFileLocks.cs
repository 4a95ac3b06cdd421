using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>The process-wide registry: one engine per lock file, however many providers there are.</summary>
internal static class SharedFileLocks
{
    private static readonly SharedInstances<SharedFileLock> Shared = new(
        static path => new SharedFileLock(path, LockFile.Open, () => Shared!.Reconsider(path)),
        // A parked thread cannot be woken; its engine waits for the next provider instead of leaking one thread per provider.
        static engine => !engine.IsBusy);

    internal static SharedFileLock Rent(string path) => Shared.Rent(path);

    internal static void Return(SharedFileLock engine) => Shared.Return(engine.Path);
}
