namespace TokenRefresh.Stores;

/// <summary>What the file store needs of the options. Immutable.</summary>
internal sealed class CredentialsFileSettings(
    string path,
    CredentialsFileFormat format,
    string? lockPath,
    bool allowUnreliableLock,
    TimeSpan saveTimeout)
{
    internal readonly string Path = path;

    internal readonly CredentialsFileFormat Format = format;

    internal readonly string? LockPath = lockPath;

    internal readonly bool AllowUnreliableLock = allowUnreliableLock;

    internal readonly TimeSpan SaveTimeout = saveTimeout;
}
