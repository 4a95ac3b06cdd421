using TokenRefresh.Interop;

namespace TokenRefresh.TestKit;

/// <summary>The real file system; tests override what they watch or interfere with.</summary>
internal abstract class FileOperationsDecorator : IFileOperations
{
    private readonly FileOperations _files = FileOperations.Default;

    public string Resolve(string path) => _files.Resolve(path);

    public virtual bool IsMountPoint(string path) => _files.IsMountPoint(path);

    public bool Exists(string path) => _files.Exists(path);

    public virtual byte[]? Read(string path) => _files.Read(path);

    public void CreateDirectory(string path) => _files.CreateDirectory(path);

    public virtual ITempFile CreatePrivate(string path, long allocate) => _files.CreatePrivate(path, allocate);

    public bool TryRemoveLeftOver(string path) => _files.TryRemoveLeftOver(path);

    public IReadOnlyList<string> List(string directory, string prefix, string suffix) => _files.List(directory, prefix, suffix);

    public virtual void Replace(string path, string target) => _files.Replace(path, target);

    public virtual void EnsureWritable(string path) => _files.EnsureWritable(path);

    public virtual void FlushDirectory(string directory) => _files.FlushDirectory(directory);

    public virtual void WriteInPlace(string path, ReadOnlySpan<byte> bytes) => _files.WriteInPlace(path, bytes);

    public virtual void Delete(string path) => _files.Delete(path);
}
