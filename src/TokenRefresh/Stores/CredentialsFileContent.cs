using TokenRefresh.Interop;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Stores;

/// <summary>One read of the credentials file: the bytes and what they mean.</summary>
internal sealed class CredentialsFileContent
{
    internal CredentialsFileContent(byte[] bytes, CredentialsDocument document, bool exists, FileIdentity? identity, bool isMountPoint)
    {
        Bytes = bytes;
        Document = document;
        Exists = exists;
        Identity = identity;
        IsMountPoint = isMountPoint;
        Credentials = document.Credentials?.WithVersion(identity?.Version);
    }

    /// <summary>Gets the bytes; none if the file is missing.</summary>
    internal byte[] Bytes { get; }

    internal CredentialsDocument Document { get; }

    internal OAuthCredentials? Credentials { get; }

    internal bool Exists { get; }

    /// <summary>Gets whether the file is mounted by itself, so that no rename can replace it.</summary>
    internal bool IsMountPoint { get; }

    internal FileIdentity? Identity { get; }

    /// <summary>Gets the temp file from which the document was read, where the bytes are those of an interrupted write in place.</summary>
    internal string? BackupPath { get; init; }
}
