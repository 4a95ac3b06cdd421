namespace TokenRefresh.Testing;

/// <summary>Configures a <see cref="LoopbackAuthorizationServer"/>. Read at its start.</summary>
public sealed record LoopbackAuthorizationServerOptions
{
    /// <summary>Gets how long an access token lives, unless <see cref="LoopbackAuthorizationServer.IssueLogin"/> says otherwise.</summary>
    /// <value>Default 1 hour. <c>expires_in</c> names whole seconds, rounded down. Zero or less issues tokens that are expired at
    /// birth.</value>
    public TimeSpan AccessTokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Gets how long a refresh token lives; each rotation starts it anew.</summary>
    /// <value>Default <see langword="null"/>: without an end, and <c>refresh_token_expires_in</c> is not sent.</value>
    public TimeSpan? RefreshTokenLifetime { get; init; }

    /// <summary>Gets for how long after its first use a refresh token may be presented again.</summary>
    /// <value>
    /// Default zero: the second use is a reuse and revokes the family. Within the window the server answers with a further pair of the same
    /// family (what Okta calls a grace period and OpenIddict a leeway; neither repeats
    /// the lost answer), as long as none of the pairs issued for it has been refreshed: only the previous generation is excused.
    /// </value>
    public TimeSpan RefreshTokenReuseWindow { get; init; }

    /// <summary>Gets whether a rotation ends the family's older access tokens at once, as some servers do.</summary>
    /// <value>Default <see langword="false"/>: they live until they expire.</value>
    public bool RotationRevokesAccessTokens { get; init; }

    /// <summary>Gets how long each token request is held before it is processed.</summary>
    /// <value>Default zero. Measured with <see cref="TimeProvider"/>.</value>
    public TimeSpan Latency { get; init; }

    /// <summary>Gets whether access tokens have the shape of a JWT with an <c>exp</c> claim.</summary>
    /// <value>Default <see langword="false"/>: opaque, 256 random bits in base64url.</value>
    public bool JwtAccessTokens { get; init; }

    /// <summary>Gets the client identifier that must be sent.</summary>
    /// <value>Default <see langword="null"/>: any or none.</value>
    public string? ClientId { get; init; }

    /// <summary>Gets the client secret, for the two methods that have one.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>Gets how the client must authenticate. Only looked at when <see cref="ClientId"/> is set.</summary>
    public ClientAuthentication ClientAuthentication { get; init; }

    /// <summary>Gets the scope tokens of every login. A refresh may ask for these or fewer (RFC 6749 section 6).</summary>
    public IReadOnlyList<string> Scopes { get; init; } = ["user:inference", "user:profile"];

    /// <summary>Gets the header in which the protected resource looks for the access token.</summary>
    /// <value>Default <c>Authorization</c>, with the scheme <c>Bearer</c>; in any other header the token stands alone.</value>
    public string HeaderName { get; init; } = AccessToken.DefaultHeaderName;

    /// <summary>Gets whether token requests and the resource demand a proof by a key (DPoP, RFC 9449), from the start.</summary>
    /// <value>
    /// Default <see langword="false"/>: proofs are not looked at, and tokens are of type <c>Bearer</c>. Otherwise tokens are of type
    /// <c>DPoP</c>; a login is bound to the key that <see cref="LoopbackAuthorizationServer.IssueLogin"/> names, or to that of its first
    /// refresh.
    /// </value>
    public bool DemandsDPoP { get; init; }

    /// <summary>Gets whether the proofs must hold the server's nonce, at the token endpoint and the resource.</summary>
    /// <value>Default <see langword="false"/>. The nonce of the next proof is in each answer.</value>
    public bool DemandsDPoPNonce { get; init; }

    /// <summary>Gets after how many accepted proofs the nonce is replaced; those with the former one are refused.</summary>
    /// <value>Default <see langword="null"/>: it is replaced by <see cref="LoopbackAuthorizationServer.RotateDPoPNonce"/> alone.</value>
    public int? DPoPNonceUses { get; init; }

    /// <summary>Gets the clock of lifetimes, of the reuse window and of scripted delays.</summary>
    /// <value>Default the system's.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
