namespace TokenRefresh.Locking;

/// <summary>The process-wide registry: one engine per lock file, however many providers there are.</summary>
internal static class LockEngines
{
    private static readonly SharedInstances<LockEngine> Shared = new(
        static path => new LockEngine(path, LockFile.Open, () => Shared!.Reconsider(path)),
        // A parked thread cannot be woken; its engine waits for the next provider instead of leaking one thread per provider.
        static engine => !engine.IsBusy);

    internal static LockEngine Rent(string path) => Shared.Rent(path);

    internal static void Return(LockEngine engine) => Shared.Return(engine.Path);
}
