namespace TokenRefresh.Tool;

/// <summary>What only a sign-in needs of a profile.</summary>
internal sealed class SignInSettings
{
    /// <summary>Gets or sets the issuer, whose metadata (RFC 8414) name the endpoints that the profile does not.</summary>
    public Uri? Issuer { get; set; }

    public Uri? AuthorizationEndpoint { get; set; }

    public Uri? DeviceAuthorizationEndpoint { get; set; }

    /// <summary>Gets or sets the scope that is asked for; that of the refreshes where it is not set.</summary>
    public string? Scope { get; set; }

    /// <summary>Gets or sets the loopback redirect that is registered, where the server takes no other port.</summary>
    public Uri? RedirectUri { get; set; }
}
