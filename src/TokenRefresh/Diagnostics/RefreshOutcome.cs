namespace TokenRefresh.Diagnostics;

/// <summary>How a flight ended, as the value of the tag <c>token_refresh.outcome</c>. Part of the public contract of metrics and traces.</summary>
internal static class RefreshOutcome
{
    /// <summary>This process obtained a new pair.</summary>
    public const string Refreshed = "refreshed";

    /// <summary>A pair was found that another process or a login had stored; nothing was sent.</summary>
    public const string Adopted = "adopted";

    /// <summary>The server refused the refresh token; the user must sign in.</summary>
    public const string Rejected = "rejected";

    /// <summary>The answer was lost, and the refresh token may have been used.</summary>
    public const string Unknown = "unknown";

    /// <summary>No pair was had, and the refresh token is untouched: network, lock, file, configuration.</summary>
    public const string Failed = "failed";
}
