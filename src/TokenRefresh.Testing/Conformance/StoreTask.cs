namespace TokenRefresh.Testing;

/// <summary>What a process does that shares the medium of a test.</summary>
internal enum StoreTask
{
    /// <summary>Takes the lease, says so, and keeps it.</summary>
    Hold,

    /// <summary>Takes the lease and commits one login and record after the other, saying the number of each once it has returned.</summary>
    Commit,

    /// <summary>Says that it is there, waits for a line, gets a token from a provider and says its fingerprint.</summary>
    Refresh,
}
