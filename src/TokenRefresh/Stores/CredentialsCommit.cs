namespace TokenRefresh;

/// <summary>Tells what a compare-and-commit did.</summary>
public readonly struct CredentialsCommit
{
    /// <summary>Whether the write could not replace the file and changed it in place.</summary>
    internal readonly bool IsInPlace;

    internal CredentialsCommit(bool isCommitted, OAuthCredentials? current, bool isInPlace = false)
    {
        IsCommitted = isCommitted;
        Current = current;
        IsInPlace = isInPlace;
    }

    /// <summary>Gets whether the write happened.</summary>
    public bool IsCommitted { get; }

    /// <summary>Gets what is stored now: the new login if the write happened, otherwise what was found in place of the expected
    /// one.</summary>
    public OAuthCredentials? Current { get; }

    /// <summary>The write happened.</summary>
    /// <param name="current">What is stored now.</param>
    /// <returns>The result.</returns>
    public static CredentialsCommit Committed(OAuthCredentials? current) => new(true, current);

    /// <summary>Something else was stored; nothing was written.</summary>
    /// <param name="current">What is stored instead.</param>
    /// <returns>The result.</returns>
    public static CredentialsCommit Superseded(OAuthCredentials? current) => new(false, current);
}
