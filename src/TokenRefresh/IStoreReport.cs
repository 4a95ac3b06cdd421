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
}
