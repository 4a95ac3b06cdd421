namespace TokenRefresh;

/// <summary>Says for what the token endpoint is asked for an access token.</summary>
public enum TokenGrant
{
    /// <summary>For the refresh token of a user's login (RFC 6749 section 6).</summary>
    RefreshToken,

    /// <summary>For the client's own credentials (RFC 6749 section 4.4): a program without a user.</summary>
    ClientCredentials,
}
