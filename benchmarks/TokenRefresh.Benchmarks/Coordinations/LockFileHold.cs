using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>An open lock file; closing it unlocks it.</summary>
internal sealed class LockFileHold(SafeFileHandle file) : IAsyncDisposable
{
    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return default;
    }
}
