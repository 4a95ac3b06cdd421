using TokenRefresh.Interop;

namespace TokenRefresh.TestKit;

/// <summary>The real file system; tests override what they watch or interfere with.</summary>
internal abstract class FileOperationsDecorator : IFileOperations
{
    private readonly FileOperations _files = FileOperations.Default;

    public string Resolve(string path) => _files.Resolve(path);

    public virtual byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint) =>
        _files.Read(path, out identity, out isMountPoint);

    public void CreateDirectory(string path) => _files.CreateDirectory(path);

    public virtual string? FindObstacle(string target) => _files.FindObstacle(target);

    public virtual ITempFile? TryCreateTemp(string path, long allocate) => _files.TryCreateTemp(path, allocate);

    public bool TryRemoveLeftOver(string path, string target) => _files.TryRemoveLeftOver(path, target);

    public IReadOnlyList<string> List(string directory, string prefix) => _files.List(directory, prefix);

    public virtual bool TryReplace(string path, string target) => _files.TryReplace(path, target);

    public virtual void EnsureWritable(string path, long length) => _files.EnsureWritable(path, length);

    public virtual void FlushDirectory(string directory) => _files.FlushDirectory(directory);

    public virtual void WriteInPlace(string path, ReadOnlySpan<byte> bytes) => _files.WriteInPlace(path, bytes);

    public virtual void Delete(string path) => _files.Delete(path);
}
