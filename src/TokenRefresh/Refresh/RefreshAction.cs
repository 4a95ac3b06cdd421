namespace TokenRefresh.Refresh;

/// <summary>What to do after a read.</summary>
internal enum RefreshAction
{
    /// <summary>Use the stored token.</summary>
    Use,

    /// <summary>Present the stored refresh token.</summary>
    Refresh,

    /// <summary>Present it once more: the first answer was lost, and the server may take it again, or nothing is left to lose.</summary>
    Replay,

    /// <summary>Wait until a hold ends.</summary>
    Wait,

    /// <summary>Wait: the outcome of the last attempt is unknown.</summary>
    WaitForOutcome,

    /// <summary>The user must sign in.</summary>
    SignIn,

    /// <summary>There is no refresh token.</summary>
    NotRefreshable,

    /// <summary>The stored token is bound to a key that this program does not have.</summary>
    BoundToKey,

    /// <summary>Wait for the program that refreshes: this one only follows.</summary>
    AwaitOwner,

    /// <summary>A user's login is stored where the client's own token belongs.</summary>
    UserLogin,

    /// <summary>A newer version of the library shares this login and knows more than this one can read.</summary>
    Update,
}
