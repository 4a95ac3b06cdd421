namespace TokenRefresh;

/// <summary>A store that can say more of what it found.</summary>
internal interface IStoreReport
{
    /// <summary>
    /// Tells which members were looked for and which are there, never a value; <see langword="null"/> if there is nothing to tell.
    /// </summary>
    string? DescribeMissingLogin();

    /// <summary>Asks the system whether this process could replace what is stored. Changes nothing.</summary>
    bool IsReadOnly();

    /// <summary>
    /// Tells which lock of another program the last try to acquire a lease waited for, and what is known of it; <see langword="null"/> if
    /// it was none of them.
    /// </summary>
    (string Path, string State)? FindForeignLock();
}
