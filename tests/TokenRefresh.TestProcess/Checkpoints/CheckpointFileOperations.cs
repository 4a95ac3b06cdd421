using TokenRefresh.Credentials;

namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>The real file system with a checkpoint on either side of the rename.</summary>
internal sealed class CheckpointFileOperations(Checkpoint checkpoint) : ICredentialsFileOperations
{
    private readonly CredentialsFileOperations _files = CredentialsFileOperations.Default;

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
        checkpoint.Reach(Checkpoint.Temp);
        _files.Replace(path, target);
        checkpoint.Reach(Checkpoint.Renamed);
    }

    public void EnsureWritable(string path) => _files.EnsureWritable(path);

    public void FlushDirectory(string directory) => _files.FlushDirectory(directory);

    public void WriteInPlace(string path, ReadOnlySpan<byte> bytes) => _files.WriteInPlace(path, bytes);

    public void Delete(string path) => _files.Delete(path);
}
