using TokenRefresh.Credentials;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The real file system, with another program that writes right after each save, and a list of what was done to the target.</summary>
internal sealed class AfterReplace(Action act) : ICredentialsFileOperations
{
    private readonly CredentialsFileOperations _files = CredentialsFileOperations.Default;

    public List<string> Steps { get; } = [];

    public string Resolve(string path) => _files.Resolve(path);

    public bool IsMountPoint(string path) => _files.IsMountPoint(path);

    public bool Exists(string path) => _files.Exists(path);

    public byte[]? Read(string path) => _files.Read(path);

    public void CreateDirectory(string path) => _files.CreateDirectory(path);

    public ICredentialsTempFile CreatePrivate(string path, long allocate) => _files.CreatePrivate(path, allocate);

    public bool TryRemoveLeftOver(string path) => _files.TryRemoveLeftOver(path);

    public IReadOnlyList<string> List(string directory, string prefix, string suffix) => _files.List(directory, prefix, suffix);

    public void Replace(string path, string target)
    {
        Steps.Add($"replace, new bytes {new FileInfo(path).Length}");
        _files.Replace(path, target);
        act();
    }

    public void EnsureWritable(string path) => _files.EnsureWritable(path);

    public void FlushDirectory(string directory)
    {
        Steps.Add("flush directory");
        _files.FlushDirectory(directory);
    }

    public void WriteInPlace(string path, ReadOnlySpan<byte> bytes)
    {
        Steps.Add("write in place");
        _files.WriteInPlace(path, bytes);
    }

    public void Delete(string path)
    {
        Steps.Add($"delete {Path.GetFileName(path)}");
        _files.Delete(path);
    }
}
