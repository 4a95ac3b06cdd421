namespace TokenRefresh.Endpoint;

/// <summary>Says what an exchange did to the refresh token, which is what decides about the next step.</summary>
public enum TokenEndpointOutcome
{
    /// <summary>The server issued new tokens.</summary>
    Succeeded,

    /// <summary>
    /// The server says <c>invalid_grant</c> (RFC 6749 section 5.2), or a code that means the same: the refresh token is rejected, and the
    /// user must sign in.
    /// </summary>
    RefreshTokenRejected,

    /// <summary>
    /// The server says so in words only, which may mislead: all processes believe it for a pause that doubles from 10 minutes to a day.
    /// </summary>
    RefreshTokenProbablyRejected,

    /// <summary>The server asks the client to try again later (429, 503). The refresh token is untouched.</summary>
    Throttled,

    /// <summary>Nothing was sent: name, connect, proxy or TLS failure. The refresh token is untouched.</summary>
    NotSent,

    /// <summary>An answer without meaning, such as an HTML error page with a 4xx status. The refresh token is untouched.</summary>
    Unavailable,

    /// <summary>The client, its authentication, the scope or the address is wrong. The refresh token is untouched.</summary>
    Misconfigured,

    /// <summary>Sent, but no answer was understood: the refresh token may be used.</summary>
    Unknown,
}
