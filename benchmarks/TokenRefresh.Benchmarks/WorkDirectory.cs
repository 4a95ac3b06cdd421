namespace TokenRefresh.Benchmarks;

/// <summary>
/// A directory of its own beside the program, hence on a disk: the system's directory for temporary files may be memory, where a flush
/// costs nothing.
/// </summary>
internal sealed class WorkDirectory : IDisposable
{
    internal WorkDirectory() => Directory.CreateDirectory(Path);

    internal string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, $"work-{Guid.NewGuid():N}");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
