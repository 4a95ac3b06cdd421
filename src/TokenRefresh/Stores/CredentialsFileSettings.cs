namespace TokenRefresh.Stores;

/// <summary>What the file store needs of the options.</summary>
internal sealed record CredentialsFileSettings(
    string Path,
    CredentialsFileFormat Format,
    string? LockPath,
    bool AllowUnreliableLock,
    TimeSpan SaveTimeout);
