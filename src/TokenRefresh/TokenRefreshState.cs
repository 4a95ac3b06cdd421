namespace TokenRefresh;

/// <summary>The state of a login, as <see cref="CoordinatedTokenProvider.GetStatusAsync"/> sees it.</summary>
public enum TokenRefreshState
{
    /// <summary>A valid access token is stored.</summary>
    SignedIn,

    /// <summary>The access token is expired and a refresh token is there.</summary>
    ExpiredButRefreshable,

    /// <summary>The access token is expired and there is no refresh token.</summary>
    ExpiredNotRefreshable,

    /// <summary>Nothing is stored, or the sentinel of a logout.</summary>
    SignedOut,

    /// <summary>The server has rejected the stored refresh token.</summary>
    SignInRequired,

    /// <summary>A refresh failed a moment ago; the next attempt waits.</summary>
    CoolingDown,

    /// <summary>A refresh was sent and its answer is unknown.</summary>
    OutcomeUnknown,

    /// <summary>
    /// The access token is expired, and this provider only follows the login: it waits for the program that refreshes it.
    /// </summary>
    AwaitingOwner,

    /// <summary>The credentials cannot be read; <see cref="TokenRefreshStatus.Problem"/> says why.</summary>
    Unreadable,
}
