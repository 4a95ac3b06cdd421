using TokenRefresh.Interop;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Stores;

/// <summary>One read of the credentials file: the bytes and what they mean.</summary>
internal sealed class CredentialsFileContent(
    byte[] bytes,
    CredentialsDocument document,
    bool exists,
    FileIdentity? identity,
    bool isMountPoint)
{
    /// <summary>The bytes; none if the file is missing.</summary>
    internal readonly byte[] Bytes = bytes;

    internal readonly CredentialsDocument Document = document;

    internal readonly OAuthCredentials? Credentials = document.Credentials?.WithVersion(identity?.Version);

    internal readonly bool Exists = exists;

    /// <summary>Whether the file is mounted by itself, so that no rename can replace it.</summary>
    internal readonly bool IsMountPoint = isMountPoint;

    internal readonly FileIdentity? Identity = identity;

    /// <summary>The temp file from which the document was read, where the bytes are those of an interrupted write in place.</summary>
    internal string? BackupPath;
}
