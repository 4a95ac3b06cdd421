namespace TokenRefresh;

/// <summary>Tells what a compare-and-commit did.</summary>
public readonly struct CredentialsCommit
{
    private CredentialsCommit(bool isCommitted, OAuthCredentials? current)
    {
        IsCommitted = isCommitted;
        Current = current;
    }

    /// <summary>Gets whether the write happened.</summary>
    public bool IsCommitted { get; }

    /// <summary>Gets what is stored now: the new login if the write happened, otherwise what was found in place of the expected
    /// one.</summary>
    public OAuthCredentials? Current { get; }

    /// <summary>Gets whether the write could not replace the file and changed it in place.</summary>
    internal bool IsInPlace { get; init; }

    /// <summary>The write happened.</summary>
    /// <param name="current">What is stored now.</param>
    /// <returns>The result.</returns>
    public static CredentialsCommit Committed(OAuthCredentials? current) => new(true, current);

    /// <summary>Something else was stored; nothing was written.</summary>
    /// <param name="current">What is stored instead.</param>
    /// <returns>The result.</returns>
    public static CredentialsCommit Superseded(OAuthCredentials? current) => new(false, current);
}
