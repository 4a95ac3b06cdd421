namespace TokenRefresh;

/// <summary>The ids of the log events. Stable; each range belongs to one subject.</summary>
public static class TokenRefreshEventIds
{
    /// <summary>Debug: the lock was acquired.</summary>
    public const int LockAcquired = 1000;

    /// <summary>Debug: the lock was released.</summary>
    public const int LockReleased = 1001;

    /// <summary>Debug: the lock turned out to be that of a deleted file, or another exchange still runs; started over.</summary>
    public const int LeaseRestarted = 1002;

    /// <summary>Warning: a lock of another program was left over, and taken over.</summary>
    public const int CompatibleLockTakenOver = 1003;

    /// <summary>Warning: a lock of another program that this process held is held by someone else, or gone.</summary>
    public const int CompatibleLockLost = 1004;

    /// <summary>Warning: a lock of another program could not be given back; it stays until it is stale or removed.</summary>
    public const int CompatibleLockStays = 1005;

    /// <summary>Trace: a refresh token is about to be presented.</summary>
    public const int ExchangeStarting = 2000;

    /// <summary>Information: new tokens were obtained. Whether they could be saved, other events say.</summary>
    public const int Refreshed = 2001;

    /// <summary>Debug: tokens that another process or a login stored are used from now on.</summary>
    public const int Adopted = 2002;

    /// <summary>Warning: an exchange failed.</summary>
    public const int ExchangeFailed = 2003;

    /// <summary>Warning: a background refresh failed; the present token is still valid and is served.</summary>
    public const int BackgroundRefreshFailed = 2004;

    /// <summary>Warning: a refresh failed; the present token expires in a moment and is served once more.</summary>
    public const int ServedDespiteFailure = 2005;

    /// <summary>Warning: the machine slept, or its clock was set, between the last read and the request; read again.</summary>
    public const int ClockJumped = 2006;

    /// <summary>Warning: the refresh token expires soon.</summary>
    public const int RefreshTokenExpiring = 2007;

    /// <summary>Debug: no connection to the token endpoint was made; nothing was sent, and it is tried again.</summary>
    public const int ConnectRetrying = 2008;

    /// <summary>Warning: the token endpoint named a negative lifetime; the token's expiry counts as unknown.</summary>
    public const int LifetimeMalformed = 2009;

    /// <summary>Error: new tokens could not be saved and are kept in memory.</summary>
    public const int SaveFailed = 3000;

    /// <summary>Information: tokens that could not be saved before are saved.</summary>
    public const int UnsavedTokensSaved = 3001;

    /// <summary>
    /// Warning: new tokens were discarded, since the login was ended or replaced, or they are another account's.
    /// </summary>
    public const int TokensDiscarded = 3002;

    /// <summary>Warning: an older file had come back and was replaced by the newer tokens.</summary>
    public const int RollbackUndone = 3003;

    /// <summary>Debug: the record in the lock file was not updated; at most that costs one more request.</summary>
    public const int RecordNotWritten = 3004;

    /// <summary>Warning, once per provider: the file is a mount of its own, cannot be replaced, and was written in place.</summary>
    public const int SavedInPlace = 3006;

    /// <summary>Warning: a file that held no JSON was moved aside by a sign-in or sign-out. It may hold tokens.</summary>
    public const int DamagedFileMoved = 3007;

    /// <summary>Warning: a temp file that a save left over cannot be removed; it may hold tokens.</summary>
    public const int LeftOverStays = 3008;

    /// <summary>Error: the user must sign in again.</summary>
    public const int SignInRequired = 4000;

    /// <summary>Information: a login was stored.</summary>
    public const int SignedIn = 4001;

    /// <summary>Information: a login was removed.</summary>
    public const int SignedOut = 4002;

    /// <summary>Warning: the revocation endpoint did not confirm.</summary>
    public const int RevocationFailed = 4003;

    /// <summary>Information: another process, or another provider of this one, signs the user in; its result is awaited.</summary>
    public const int SignInAwaited = 4004;

    /// <summary>Warning: a callback threw.</summary>
    public const int CallbackFailed = 5000;

    /// <summary>Debug: a request is sent without the access token; the reason tells why.</summary>
    public const int TokenNotAttached = 6000;

    /// <summary>Debug: a rejected request is not sent again; the reason tells why.</summary>
    public const int RequestNotResent = 6001;

    /// <summary>Information: the access token of an environment variable is used.</summary>
    public const int EnvironmentTokenUsed = 7000;

    /// <summary>Warning, once per provider: the access token of an environment variable was rejected, and nothing can replace it.</summary>
    public const int EnvironmentTokenRejected = 7001;
}
