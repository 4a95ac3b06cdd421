using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Keychain.Windows;

/// <summary>The file system, but that the credentials file holds its document encrypted.</summary>
/// <remarks>A file and not the Credential Manager, which takes at most 2,560 bytes.</remarks>
internal sealed class ProtectedFileOperations(
    IFileOperations files, Func<byte[], byte[]> protect, Func<byte[], byte[]> unprotect) : IFileOperations
{
    /// <summary>Encrypts by DPAPI for this user of this machine.</summary>
    [SupportedOSPlatform("windows")]
    internal static ProtectedFileOperations ForThisUser() => new(
        FileOperations.Default,
        static bytes => ProtectedData.Protect(bytes, null, DataProtectionScope.CurrentUser),
        static bytes => ProtectedData.Unprotect(bytes, null, DataProtectionScope.CurrentUser));

    public string Resolve(string path) => files.Resolve(path);

    public byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        byte[]? bytes = files.Read(path, out identity, out isMountPoint);
        try
        {
            return bytes is null or [] ? bytes : unprotect(bytes);
        }
        catch (CryptographicException e)
        {
            throw new IOException(
                "It cannot be decrypted by this user on this machine. If the password was reset or the file copied, delete it and sign in "
                + "again.",
                new KeychainException(KeychainFailure.Denied, "DPAPI does not decrypt the file.", e));
        }
    }

    public void CreateDirectory(string path) => files.CreateDirectory(path);

    public bool TryCreateDirectory(string path) => files.TryCreateDirectory(path);

    public void RemoveDirectory(string path) => files.RemoveDirectory(path);

    public void SetModified(string path, DateTimeOffset at) => files.SetModified(path, at);

    public FileIdentity? IdentifyEntry(string path) => files.IdentifyEntry(path);

    public string? FindObstacle(string target) => files.FindObstacle(target);

    public ITempFile? TryCreateTemp(string path, long allocate) =>
        files.TryCreateTemp(path, allocate) is { } temp ? new ProtectedTempFile(temp, protect) : null;

    public IReadOnlyList<string> List(string directory, string prefix) => files.List(directory, prefix);

    public bool TryReplace(string path, string target) => files.TryReplace(path, target);

    public bool TryMoveAside(string path, string aside) => files.TryMoveAside(path, aside);

    public void EnsureWritable(string path, long length) => files.EnsureWritable(path, length);

    public void FlushDirectory(string directory) => files.FlushDirectory(directory);

    // Padding would damage what is encrypted.
    public void WriteInPlace(string path, ReadOnlySpan<byte> bytes) =>
        throw new IOException("It is mounted by itself, so that it cannot be replaced. Mount its directory instead.");

    public void Delete(string path) => files.Delete(path);

    [UnsupportedOSPlatform("windows")]
    public void CreateNew(string path) => files.CreateNew(path);

    [UnsupportedOSPlatform("windows")]
    public SafeFileHandle? TryOpen(string path, bool forWriting, out FileIdentity? identity, out int errno) =>
        files.TryOpen(path, forWriting, out identity, out errno);

    [UnsupportedOSPlatform("windows")]
    public FileIdentity? Identify(string path, bool followLinks, out int errno) => files.Identify(path, followLinks, out errno);

    [UnsupportedOSPlatform("windows")]
    public int Lock(SafeFileHandle file, int operation) => files.Lock(file, operation);

    public int Read(SafeFileHandle file, Span<byte> buffer, long offset) => files.Read(file, buffer, offset);

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => files.Write(file, bytes, offset);

    public void Flush(SafeFileHandle file) => files.Flush(file);

    private sealed class ProtectedTempFile(ITempFile temp, Func<byte[], byte[]> protect) : ITempFile
    {
        public string Path => temp.Path;

        [UnsupportedOSPlatform("windows")]
        public int LockShared() => temp.LockShared();

        public string? InheritFrom(string target) => temp.InheritFrom(target);

        public void Write(ReadOnlySpan<byte> bytes) => temp.Write(protect(bytes.ToArray()));

        public void Flush() => temp.Flush();

        public void ReleaseForReplace() => temp.ReleaseForReplace();

        public void Dispose() => temp.Dispose();
    }
}
