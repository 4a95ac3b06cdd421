namespace TokenRefresh.Refresh;

/// <summary>The possible steps after a read.</summary>
internal enum RefreshAction
{
    /// <summary>The stored token will do.</summary>
    Adopt,

    /// <summary>Present the stored refresh token.</summary>
    Refresh,

    /// <summary>Present it once more: the first answer was lost, and the server may take it again, or nothing is left to lose.</summary>
    Replay,

    /// <summary>Nothing is stored.</summary>
    NothingStored,

    /// <summary>A logout is stored.</summary>
    SignedOut,

    /// <summary>There is no refresh token.</summary>
    NotRefreshable,

    /// <summary>The server has called the stored refresh token dead.</summary>
    Dead,

    /// <summary>The stored refresh token was spent for a pair of another account.</summary>
    OtherAccount,

    /// <summary>A spent refresh token came back with an older file.</summary>
    RolledBack,

    /// <summary>Another process has obtained the successor and cannot save it yet.</summary>
    PendingElsewhere,

    /// <summary>An attempt failed a moment ago; wait.</summary>
    CoolDown,

    /// <summary>A fresh token was rejected by a resource; another one would be too.</summary>
    Restrained,

    /// <summary>The outcome of the last attempt is unknown; wait until the access token is dead, or ten minutes.</summary>
    Deferred,
}
