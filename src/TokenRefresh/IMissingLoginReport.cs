namespace TokenRefresh;

/// <summary>A store that can say what it found in place of a login.</summary>
internal interface IMissingLoginReport
{
    /// <summary>
    /// Tells which members were looked for and which are there, never a value; <see langword="null"/> if there is nothing to tell.
    /// </summary>
    string? DescribeMissingLogin();
}
