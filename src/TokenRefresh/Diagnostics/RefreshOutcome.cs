namespace TokenRefresh.Diagnostics;

/// <summary>
/// How a refresh ended, as the value of the tag <c>token_refresh.outcome</c>. Part of the public contract of metrics and traces.
/// </summary>
internal static class RefreshOutcome
{
    /// <summary>This process obtained new tokens.</summary>
    internal const string Refreshed = "refreshed";

    /// <summary>Tokens were found that another process or a login had stored; nothing was sent.</summary>
    internal const string Adopted = "adopted";

    /// <summary>The user must sign in: the server refused the refresh token, or there is no login that could be refreshed.</summary>
    internal const string Rejected = "rejected";

    /// <summary>The answer was lost, and the refresh token may have been used.</summary>
    internal const string Unknown = "unknown";

    /// <summary>No token could be had, and the login is not lost: network, lock, file, configuration.</summary>
    internal const string Failed = "failed";
}
