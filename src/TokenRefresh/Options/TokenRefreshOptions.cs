namespace TokenRefresh;

/// <summary>Configures one shared login. Read once, at construction; later changes have no effect.</summary>
/// <example>
/// <code>
/// await using var tokens = CoordinatedTokenProvider.Create(options =>
/// {
///     options.CredentialsPath = "~/.my-cli/.credentials.json";
///     options.TokenEndpoint = new Uri("https://auth.example.com/token");
///     options.RevocationEndpoint = new Uri("https://auth.example.com/revoke");
///     options.ClientId = "my-cli";
///     options.ClientAuthentication = ClientAuthentication.ClientAssertion;
///     options.ClientAssertion = async cancellationToken => await signer.CreateJwtAsync(cancellationToken);
///     options.AdditionalParameters["audience"] = "https://api.example.com";
///     options.Events.SignInRequired = e =>
///     {
///         Console.WriteLine($"Please sign in again ({e.Reason}).");
///         return default;
///     };
/// });
/// </code>
/// </example>
public sealed class TokenRefreshOptions
{
    /// <summary>Gets or sets the credentials file. Required unless a store of your own is used.</summary>
    /// <value>
    /// No default. A path to a file; a leading <c>~</c> is the user's home, a relative path is resolved against the current directory,
    /// symbolic links are followed. Programs that name the same file, by whatever path, share the login.
    /// </value>
    public string? CredentialsPath { get; set; }

    /// <summary>Gets or sets how the credentials are written in the file.</summary>
    /// <value>
    /// Default <see cref="CredentialsFileFormat.Auto"/>: that of the document, if it is one of the built-in ones, and Claude Code's for a
    /// new file. Any other finds only a login in its own section and members, and writes there.
    /// </value>
    public CredentialsFileFormat FileFormat { get; set; } = CredentialsFileFormat.Auto;

    /// <summary>Gets or sets the lock file. Every program that shares the credentials must use the same one.</summary>
    /// <value>
    /// Default <see langword="null"/>: beside the resolved file, with <c>.tokenrefresh.lock</c> behind its name. A path to another file.
    /// Set it only where that directory cannot hold a lock: programs with different lock files do not exclude each other.
    /// </value>
    public string? LockPath { get; set; }

    /// <summary>Gets or sets the locks by which other programs guard the same file, which are taken too.</summary>
    /// <value>
    /// Default <see langword="null"/>: none. <see cref="CompatibleLock.ClaudeCode"/>, <see cref="CompatibleLock.Codex"/>, or a list of your
    /// own, in the order in which those programs take them. Each refresh, sign-in and sign-out takes them in that order, under the lock of
    /// this library, and gives them back in reverse. One that is not had within <see cref="LockTimeout"/> leads to
    /// <see cref="LockTimeoutException"/>, and to no request. Refused with a store of your own.
    /// </value>
    public IReadOnlyList<CompatibleLock>? CompatibleLocks { get; set; }

    /// <summary>Gets or sets whether this provider refreshes the login, or follows another program that does.</summary>
    /// <value>
    /// Default <see cref="TokenRefreshMode.Refresh"/>. With <see cref="TokenRefreshMode.Follow"/> it sends, locks and writes nothing, and
    /// needs neither <see cref="TokenEndpoint"/> nor <see cref="ClientId"/>: once the stored token is expired or rejected, it waits for up
    /// to <see cref="LockTimeout"/> for new ones, and then throws <see cref="OwnerTimeoutException"/>. With
    /// <see cref="TokenRefreshMode.FollowIfReadOnly"/> it does so as long as the system would not let it replace the file.
    /// </value>
    public TokenRefreshMode Mode { get; set; }

    /// <summary>Gets or sets the token endpoint (RFC 6749 section 3.2). Required unless a client of your own is used.</summary>
    /// <value>
    /// No default. An absolute <c>https</c> address; <c>http</c> for loopback only, or with <see cref="AllowInsecureHttp"/>. Refresh tokens
    /// are sent there and nowhere else: a redirect is not followed.
    /// </value>
    public Uri? TokenEndpoint { get; set; }

    /// <summary>Gets or sets the revocation endpoint (RFC 7009), asked after a logout has been stored.</summary>
    /// <value>
    /// Default <see langword="null"/>: nothing is revoked, so that the refresh token stays valid at the server. An address as for
    /// <see cref="TokenEndpoint"/>.
    /// </value>
    public Uri? RevocationEndpoint { get; set; }

    /// <summary>Gets or sets the client identifier (RFC 6749 section 2.2). Required unless a client of your own is used.</summary>
    /// <value>No default. As the authorization server issued it; it is sent with each token request.</value>
    public string? ClientId { get; set; }

    /// <summary>Gets or sets the client secret, for the two authentication methods that need one.</summary>
    /// <value>
    /// Default <see langword="null"/>. As the authorization server issued it; without control characters. Refused with
    /// <see cref="ClientAuthentication.None"/> and <see cref="ClientAuthentication.ClientAssertion"/>, which would never send it.
    /// </value>
    public string? ClientSecret { get; set; }

    /// <summary>
    /// Gets or sets what makes the assertion by which the client authenticates (RFC 7523 section 2.2), for
    /// <see cref="ClientAuthentication.ClientAssertion"/>.
    /// </summary>
    /// <value>
    /// Default <see langword="null"/>; refused with another <see cref="ClientAuthentication"/>. Called anew for each token request and each
    /// revocation, on a thread of the pool; returns a JWT, sent as <c>client_assertion</c> with the type
    /// <c>urn:ietf:params:oauth:client-assertion-type:jwt-bearer</c>. The lock is held meanwhile, so it has no more than
    /// <see cref="AttemptTimeout"/>, with the request; then its token is cancelled. If it takes longer, or throws, callers get
    /// <see cref="TokenEndpointUnavailableException"/>; if it returns nothing, or no printable ASCII without spaces,
    /// <see cref="TokenRefreshConfigurationException"/>. Nothing is sent then. The assertion is treated as a secret. It cannot come from
    /// configuration.
    /// </value>
    public Func<CancellationToken, ValueTask<string>>? ClientAssertion { get; set; }

    /// <summary>Gets or sets for what an access token is requested: a login's refresh token, or the client's own credentials.</summary>
    /// <value>
    /// Default <see cref="TokenGrant.RefreshToken"/>. With <see cref="TokenGrant.ClientCredentials"/> no login is needed: the processes
    /// share the client's access token in the file, which is created if it is missing, and each expiry costs one request. All of them must
    /// have the same client, <see cref="Scope"/> and <see cref="AdditionalParameters"/>. A file with a refresh token is a user's and is
    /// refused with <see cref="TokenRefreshConfigurationException"/>.
    /// </value>
    public TokenGrant Grant { get; set; }

    /// <summary>Gets or sets how the client authenticates (RFC 6749 section 2.3).</summary>
    /// <value>
    /// Default <see cref="ClientAuthentication.None"/>: a public client that sends its <c>client_id</c> only. Any of the enumeration; with
    /// one that the server does not expect, every refresh fails with <see cref="TokenRefreshConfigurationException"/>.
    /// </value>
    public ClientAuthentication ClientAuthentication { get; set; }

    /// <summary>Gets or sets how the body of the token request is written.</summary>
    /// <value>Default <see cref="TokenRequestFormat.Form"/>, as RFC 6749 demands. Any of the enumeration; some servers want JSON.</value>
    public TokenRequestFormat RequestFormat { get; set; }

    /// <summary>Gets or sets the scope sent with each token request (RFC 6749 sections 4.4 and 6).</summary>
    /// <value>
    /// Default <see langword="null"/>: none is sent, and the granted scope stays, or the client gets the server's default. As RFC 6749
    /// section 3.3 writes it, and never more than was granted, which the server refuses. One login has one scope.
    /// </value>
    public string? Scope { get; set; }

    /// <summary>Gets further parameters of the token request, such as <c>resource</c> or <c>audience</c>.</summary>
    /// <value>
    /// Default empty. Names are case-sensitive, and none that the request sets itself, such as <c>client_id</c>, is accepted. Values of 16
    /// characters or more count as secrets in texts that a server writes, unless of <c>resource</c> or <c>audience</c>.
    /// </value>
    public IDictionary<string, string> AdditionalParameters { get; private set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets further headers of the token request.</summary>
    /// <value>
    /// Default empty. Any request header but <c>Content-…</c>, and <c>Authorization</c> where the client authenticates by it. Values of
    /// 16 characters or more count as secrets in texts that a server writes, unless of <c>Accept</c> or <c>User-Agent</c>.
    /// </value>
    public IDictionary<string, string> AdditionalHeaders { get; private set; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets or sets whether tokens may be sent in clear to hosts other than loopback.</summary>
    /// <value>Default <see langword="false"/>. <see langword="true"/> lets the refresh token be read on the way.</value>
    public bool AllowInsecureHttp { get; set; }

    /// <summary>Gets or sets the header that carries the access token.</summary>
    /// <value>
    /// Default <c>Authorization</c>, with <see cref="AuthorizationScheme"/> before the token. A name of a request header; in any other the
    /// token stands alone, and redirects are not followed, since they would carry it to other origins.
    /// </value>
    public string HeaderName { get; set; } = AccessToken.DefaultHeaderName;

    /// <summary>
    /// Gets or sets the authentication scheme that stands before the token in the <c>Authorization</c> header (RFC 9110 section 11.1).
    /// </summary>
    /// <value>
    /// Default <c>Bearer</c>; a token of RFC 9110 section 5.6.2, but not <c>DPoP</c>, which tokens of a login with a key have by themselves
    /// (<see cref="OAuthCredentials.DPoPKey"/>, RFC 9449). Any other token type that a server names is stored and never used as a scheme,
    /// so that all processes send the same header; tokens of type <c>DPoP</c> for a login without a key give
    /// <see cref="TokenRefreshConfigurationException"/>. No effect with another <see cref="HeaderName"/>.
    /// </value>
    public string AuthorizationScheme { get; set; } = AccessToken.DefaultTokenType;

    /// <summary>
    /// Gets or sets how long before expiry the token is refreshed in the background, while callers go on with the old one.
    /// </summary>
    /// <value>
    /// Default 5 minutes; more than <see cref="ExpirationSkew"/>, up to 7 days; 0 switches background refresh off, so that callers wait at
    /// each expiry. Never more than half of the token's lifetime is used.
    /// </value>
    public TimeSpan RefreshBeforeExpiration { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Gets or sets how long before expiry a token counts as expired, so that a request does not arrive after it.</summary>
    /// <value>
    /// Default 10 seconds; 0 to 10 minutes. Callers wait for a refresh from then on; with too little, requests arrive with a token that has
    /// just expired. Never more than a tenth of the token's lifetime is used, where the lifetime is known, as it is of a token that this
    /// library obtained.
    /// </value>
    public TimeSpan ExpirationSkew { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Gets or sets the time for everything that is sent under one lease, counted from its grant: connect retries, the attempt, a replay.
    /// </summary>
    /// <value>
    /// Default 20 seconds; 1 second to 10 minutes. Callers wait as long for a server that does not answer. With <see cref="SaveTimeout"/>
    /// less than <see cref="LockTimeout"/>, so that a slow holder is never taken for a hung one.
    /// </value>
    public TimeSpan RefreshTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Gets or sets the time for one token request: its <see cref="ClientAssertion"/>, and connect to last byte.</summary>
    /// <value>
    /// Default 15 seconds; 100 milliseconds up to <see cref="RefreshTimeout"/>. If it ends after the request was sent, the server may or
    /// may not have rotated the token, so do not make it short.
    /// </value>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets or sets the time for retries of a failing save before the tokens are kept in memory and saved later.</summary>
    /// <value>Default 5 seconds; 100 milliseconds to 1 minute. The lock is held for that time, and others wait.</value>
    public TimeSpan SaveTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how long to wait for another process's lock. Its end never leads to an unlocked request.</summary>
    /// <value>
    /// Default 30 seconds; more than <see cref="RefreshTimeout"/> and <see cref="SaveTimeout"/> together, up to 1 hour. Then callers get
    /// <see cref="LockTimeoutException"/>, unless the present token is still valid. With <see cref="TokenRefreshMode.Follow"/> it is how
    /// long to wait for the program that refreshes, from 1 millisecond on.
    /// </value>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Gets or sets for how long after its first use the server accepts a refresh token again (its reuse window, or leeway).
    /// </summary>
    /// <value>
    /// Default <see langword="null"/>: unknown, taken as none; 0 to 1 hour. Within it a refresh whose answer was lost is repeated at once;
    /// a value larger than the server's risks the login.
    /// </value>
    public TimeSpan? RefreshTokenReuseWindow { get; set; }

    /// <summary>
    /// Gets or sets whether SIGTERM, SIGINT (Ctrl+C), SIGHUP, Ctrl+Break and a regular exit wait for a token request that is under way and
    /// its save.
    /// </summary>
    /// <value>
    /// Default <see langword="true"/>: for at most <see cref="RefreshTimeout"/> and <see cref="SaveTimeout"/> together; a second signal
    /// ends the process at once, and handlers are registered only for that time (on Windows from the first exchange on). With
    /// <see langword="false"/> such an exit may lose the new tokens, and with them the login.
    /// </value>
    public bool HandleProcessSignals { get; set; } = true;

    /// <summary>Gets or sets whether to go on where the file system's locks are not exclusive.</summary>
    /// <value>
    /// Default <see langword="false"/>: such a lock fails closed. <see langword="true"/> risks two refreshes at once, and with them the
    /// login.
    /// </value>
    public bool AllowUnreliableLock { get; set; }

    /// <summary>
    /// Gets or sets what signs the user in where only that helps: in place of <see cref="SignInRequiredException"/>, and of
    /// <see cref="NotRefreshableException"/>, callers wait for it and go on with its login.
    /// </summary>
    /// <value>
    /// Default <see langword="null"/>: callers get the exception. Called as by <see cref="CoordinatedTokenProvider.SignInAsync"/>, once
    /// over all threads and processes, for as long as a caller waits, so a time-out of an HTTP client ends it too; never for a refresh in
    /// the background. After a sign-out it is asked again. It cannot come from configuration.
    /// </value>
    public Func<CancellationToken, Task<OAuthCredentials>>? SignIn { get; set; }

    /// <summary>Gets the callbacks.</summary>
    /// <value>Default: none is set. They run after the lock is given back, so that a slow one delays no caller.</value>
    public TokenRefreshEvents Events { get; private set; } = new();

    /// <summary>Returns what a provider works with, so that a later change of this instance is not used without validation.</summary>
    internal TokenRefreshOptions Snapshot()
    {
        var snapshot = (TokenRefreshOptions)MemberwiseClone();
        snapshot.AdditionalParameters = new Dictionary<string, string>(AdditionalParameters, StringComparer.Ordinal);
        snapshot.AdditionalHeaders = new Dictionary<string, string>(AdditionalHeaders, StringComparer.OrdinalIgnoreCase);
        snapshot.Events = Events.Snapshot();
        if (CompatibleLocks is not null)
        {
            snapshot.CompatibleLocks = new List<CompatibleLock>(CompatibleLocks);
        }

        return snapshot;
    }

    /// <summary>Returns the addresses and the path, never a secret.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() =>
        $"token refresh of '{CredentialsPath}' at '{(TokenEndpoint is { } address ? UriRedaction.Redact(address.OriginalString) : "")}'";
}
