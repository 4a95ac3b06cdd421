namespace TokenRefresh;

/// <summary>Says why a user must sign in again.</summary>
public enum SignInRequiredReason
{
    /// <summary>The store holds no login: the file or its section is missing.</summary>
    NothingStored,

    /// <summary>The login was ended: this provider removed it, or the store holds the cleared sentinel that a logout leaves.</summary>
    SignedOut,

    /// <summary>
    /// The server rejected the stored refresh token (RFC 6749 section 5.2, <c>invalid_grant</c>): expired, revoked or already used.
    /// </summary>
    RefreshTokenRejected,

    /// <summary>An older file came back: the stored refresh token was used before, and its successor is not known here.</summary>
    RolledBack,

    /// <summary>
    /// The server answered a refresh with the tokens of another account than the one signed in; they were neither saved nor served.
    /// </summary>
    AccountMismatch,
}
