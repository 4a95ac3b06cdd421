using TokenRefresh.Interop;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Stores;

/// <summary>One read of the credentials file: the bytes and what they mean.</summary>
internal sealed class CredentialsFileContent
{
    /// <summary>The bytes; none if the file is missing.</summary>
    internal readonly byte[] Bytes;

    internal readonly CredentialsDocument Document;

    internal readonly OAuthCredentials? Credentials;

    internal readonly bool Exists;

    /// <summary>Whether the file is mounted by itself, so that no rename can replace it.</summary>
    internal readonly bool IsMountPoint;

    internal readonly FileIdentity? Identity;

    /// <summary>The temp file from which the document was read, where the bytes are those of an interrupted write in place.</summary>
    internal string? BackupPath;

    internal CredentialsFileContent(byte[] bytes, CredentialsDocument document, bool exists, FileIdentity? identity, bool isMountPoint)
    {
        Bytes = bytes;
        Document = document;
        Exists = exists;
        Identity = identity;
        IsMountPoint = isMountPoint;
        Credentials = document.Credentials?.WithVersion(identity?.Version);
    }
}
