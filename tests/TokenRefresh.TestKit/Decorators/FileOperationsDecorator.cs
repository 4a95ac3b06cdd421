using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
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

    public virtual bool TryCreateDirectory(string path) => _files.TryCreateDirectory(path);

    public virtual void RemoveDirectory(string path) => _files.RemoveDirectory(path);

    public virtual void SetModified(string path, DateTimeOffset at) => _files.SetModified(path, at);

    public virtual FileIdentity? IdentifyEntry(string path) => _files.IdentifyEntry(path);

    public virtual string? FindObstacle(string target) => _files.FindObstacle(target);

    public virtual ITempFile? TryCreateTemp(string path, long allocate) => _files.TryCreateTemp(path, allocate);

    public IReadOnlyList<string> List(string directory, string prefix) => _files.List(directory, prefix);

    public virtual bool TryReplace(string path, string target) => _files.TryReplace(path, target);

    public virtual bool TryMoveAside(string path, string aside) => _files.TryMoveAside(path, aside);

    public virtual void EnsureWritable(string path, long length) => _files.EnsureWritable(path, length);

    public virtual void FlushDirectory(string directory) => _files.FlushDirectory(directory);

    public virtual void WriteInPlace(string path, ReadOnlySpan<byte> bytes) => _files.WriteInPlace(path, bytes);

    public virtual void Delete(string path) => _files.Delete(path);

    [UnsupportedOSPlatform("windows")]
    public void CreateNew(string path) => _files.CreateNew(path);

    [UnsupportedOSPlatform("windows")]
    public SafeFileHandle? TryOpen(string path, bool forWriting, out FileIdentity? identity, out int errno) =>
        _files.TryOpen(path, forWriting, out identity, out errno);

    [UnsupportedOSPlatform("windows")]
    public FileIdentity? Identify(string path, bool followLinks, out int errno) => _files.Identify(path, followLinks, out errno);

    [UnsupportedOSPlatform("windows")]
    public virtual int Lock(SafeFileHandle file, int operation) => _files.Lock(file, operation);

    public int Read(SafeFileHandle file, Span<byte> buffer, long offset) => _files.Read(file, buffer, offset);

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => _files.Write(file, bytes, offset);

    public void Flush(SafeFileHandle file) => _files.Flush(file);
}
