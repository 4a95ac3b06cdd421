using TokenRefresh.Credentials;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The real file system without the permission for one operation.</summary>
internal sealed class DeniedOperations(string denied) : ICredentialsFileOperations
{
    private readonly CredentialsFileOperations _files = CredentialsFileOperations.Default;

    public string Resolve(string path) => _files.Resolve(path);

    public bool IsMountPoint(string path) => _files.IsMountPoint(path);

    public bool Exists(string path) => _files.Exists(path);

    public byte[]? Read(string path) => Allow(nameof(Read), path)._files.Read(path);

    public void CreateDirectory(string path) => _files.CreateDirectory(path);

    public ICredentialsTempFile CreatePrivate(string path, long allocate) => Allow(nameof(CreatePrivate), path)._files.CreatePrivate(path, allocate);

    public bool TryRemoveLeftOver(string path) => _files.TryRemoveLeftOver(path);

    public IReadOnlyList<string> List(string directory, string prefix, string suffix) => _files.List(directory, prefix, suffix);

    public void Replace(string path, string target) => Allow(nameof(Replace), path)._files.Replace(path, target);

    public void EnsureWritable(string path) => _files.EnsureWritable(path);

    public void FlushDirectory(string directory) => _files.FlushDirectory(directory);

    public void WriteInPlace(string path, ReadOnlySpan<byte> bytes) => _files.WriteInPlace(path, bytes);

    public void Delete(string path) => _files.Delete(path);

    private DeniedOperations Allow(string operation, string path) => operation == denied ? throw new UnauthorizedAccessException($"Access to the path '{path}' is denied.") : this;
}
