namespace TokenRefresh.Testing;

/// <summary>
/// An authorization server and a protected resource over real HTTP on 127.0.0.1: it rotates refresh tokens, notices the reuse of one and
/// then revokes the whole login, counts everything, and does what a script says.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class LoopbackAuthorizationServer : IAsyncDisposable
{
    private readonly TokenLedger _ledger;
    private readonly BookKeeper _books;
    private readonly ProofVerifier _proofs;
    private readonly SignInEndpoints _signIn;
    private readonly TokenEndpoint _tokenEndpoint;
    private readonly ProtectedResource _resource;
    private readonly CancellationTokenSource _stopping = new();
    private readonly LoopbackHost _host;

    private LoopbackAuthorizationServer(LoopbackAuthorizationServerOptions options)
    {
        _ledger = new TokenLedger(options);
        _books = new BookKeeper(_ledger, options.TimeProvider);
        _proofs = new ProofVerifier(options);
        _signIn = new SignInEndpoints(options, _ledger);
        _tokenEndpoint = new TokenEndpoint(options, _books, _proofs, _signIn, _stopping.Token);
        _resource = new ProtectedResource(options, _ledger, _books, _proofs, _stopping.Token);
        var router = new LoopbackRouter(
            _tokenEndpoint,
            new RevocationEndpoint(options, _ledger, _books),
            _resource,
            new ControlEndpoint(_ledger, _books),
            _signIn,
            _books);
        _host = new LoopbackHost(router);
    }

    /// <summary>Gets the origin, such as <c>http://127.0.0.1:40123/</c>.</summary>
    public Uri BaseAddress => _host.Origin;

    /// <summary>
    /// Gets another origin of the same server, for redirects: every request there only counts in <see
    /// cref="AuthorizationServerBooks.RedirectTargetHits"/>.
    /// </summary>
    public Uri OtherOrigin => _host.OtherOrigin;

    /// <summary>Gets the token endpoint.</summary>
    public Uri TokenUri => new(BaseAddress, "/token");

    /// <summary>Gets the revocation endpoint (RFC 7009).</summary>
    public Uri RevocationUri => new(BaseAddress, "/revoke");

    /// <summary>Gets the issuer, whose metadata (RFC 8414) name the endpoints of a sign-in.</summary>
    public Uri Issuer => BaseAddress;

    /// <summary>Gets or sets how many polls of a device come before its user agrees.</summary>
    /// <value>Default 1.</value>
    public int PendingDevicePolls
    {
        get => _signIn.PendingPolls;
        set => _signIn.PendingPolls = value;
    }

    /// <summary>Gets or sets the error of a user who does not agree, such as <c>access_denied</c>.</summary>
    /// <value>Default <see langword="null"/>: the user agrees at once.</value>
    public string? SignInDenial
    {
        get => _signIn.Denial;
        set => _signIn.Denial = value;
    }

    /// <summary>
    /// Gets the protected resource: any path below it echoes the request, except <c>always401</c>, <c>forbidden</c> (403,
    /// <c>insufficient_scope</c>) and <c>redirect</c> (307 to <see cref="OtherOrigin"/>).
    /// </summary>
    public Uri ApiUri => new(BaseAddress, "/api/");

    /// <summary>
    /// Gets the control interface for other processes: <c>GET books</c>, <c>GET ping</c>, <c>POST logins?lifetime=seconds</c>, <c>POST
    /// expire-access-tokens</c>, <c>POST access-token-lifetime?seconds=n</c>.
    /// </summary>
    public Uri ControlUri => new(BaseAddress, "/control/");

    /// <summary>Gets a snapshot of the books.</summary>
    public AuthorizationServerBooks Books => _books.Snapshot();

    /// <summary>Gets the token requests as they arrived, those aside that were dropped unread. They hold secrets.</summary>
    public IReadOnlyList<ReceivedTokenRequest> ReceivedTokenRequests => _books.Received();

    /// <summary>Gets every token issued so far, those included that reached no client. They are secrets: only search for them.</summary>
    public IReadOnlyList<string> IssuedTokens => _ledger.IssuedTokens();

    /// <summary>Gets or sets the lifetime of access tokens issued from now on.</summary>
    public TimeSpan AccessTokenLifetime
    {
        get => _ledger.AccessTokenLifetime;
        set => _ledger.AccessTokenLifetime = value;
    }

    /// <summary>Gets or sets what token requests do that find the script empty: a dead endpoint, for example.</summary>
    /// <value>Default <see cref="TokenEndpointBehavior.Normal"/>.</value>
    public TokenEndpointBehavior DefaultTokenBehavior
    {
        get => _tokenEndpoint.Default;
        set => _tokenEndpoint.Default = value;
    }

    /// <summary>Gets or sets whether requests must prove that they come from the holder of the login's key (DPoP, RFC 9449).</summary>
    /// <value>Default that of the options. Switched off, the server issues tokens of type <c>Bearer</c>, as one that has gone back.</value>
    public bool DemandsDPoP
    {
        get => _proofs.IsDemanded;
        set => _proofs.IsDemanded = value;
    }

    /// <summary>Starts a server on two free ports.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>The running server; dispose it.</returns>
    public static async Task<LoopbackAuthorizationServer> StartAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        var server = new LoopbackAuthorizationServer(options ?? new LoopbackAuthorizationServerOptions());
        await server._host.StartAsync();
        server._resource.RedirectTarget = new Uri(server.OtherOrigin, "/api/elsewhere");
        return server;
    }

    /// <summary>Issues a login: the first pair of a new family, as a sign-in would.</summary>
    /// <param name="accessTokenLifetime">The lifetime of this first access token; negative for one that is expired already. Default that of
    /// the options.</param>
    /// <param name="thumbprint">The thumbprint (RFC 7638) of the key to which the login is bound; <see langword="null"/> for none.</param>
    /// <returns>The login.</returns>
    public IssuedLogin IssueLogin(TimeSpan? accessTokenLifetime = null, string? thumbprint = null) =>
        _ledger.IssueLogin(accessTokenLifetime, thumbprint);

    /// <summary>Replaces the nonce of proofs, see <see cref="LoopbackAuthorizationServerOptions.DemandsDPoPNonce"/>.</summary>
    public void RotateDPoPNonce() => _proofs.RotateNonce();

    /// <summary>Makes the resource reject an access token from now on, whatever the client believes of its expiry.</summary>
    /// <param name="accessToken">The token.</param>
    /// <exception cref="ArgumentException">This server did not issue it.</exception>
    public void RevokeAccessToken(string accessToken)
    {
        if (!_ledger.EndAccessToken(accessToken))
        {
            throw new ArgumentException("This server did not issue that access token.", nameof(accessToken));
        }
    }

    /// <summary>Makes the resource reject every access token issued so far.</summary>
    public void ExpireAllAccessTokens() => _ledger.EndAllAccessTokens();

    /// <summary>Tells whether the resource would accept this access token now.</summary>
    /// <param name="accessToken">The token.</param>
    /// <returns>Whether it is one of this server's, alive, and of a living family.</returns>
    public bool IsAccepted(string accessToken) => _ledger.IsAccepted(accessToken);

    /// <summary>Adds to the script of the token endpoint: one behavior per request, in the order of arrival.</summary>
    /// <param name="behaviors">The behaviors.</param>
    public void EnqueueTokenBehavior(params TokenEndpointBehavior[] behaviors)
    {
        ArgumentNullException.ThrowIfNull(behaviors);
        foreach (TokenEndpointBehavior behavior in behaviors)
        {
            _tokenEndpoint.Enqueue(behavior);
        }
    }

    /// <summary>Takes back what is left of the script of the token endpoint.</summary>
    public void ClearTokenBehaviors() => _tokenEndpoint.Clear();

    /// <summary>Parks the token request that takes the next place in the script.</summary>
    /// <param name="point">Where it waits.</param>
    /// <param name="behavior">What it does besides; default its normal work.</param>
    /// <returns>The gate.</returns>
    public ParkedRequest ParkNextTokenRequest(ParkPoint point = ParkPoint.BeforeProcessing, TokenEndpointBehavior? behavior = null)
    {
        var gate = new ParkedRequest(point);
        _tokenEndpoint.Enqueue((behavior ?? TokenEndpointBehavior.Normal) with { Gate = gate });
        return gate;
    }

    /// <summary>Parks the next request to the protected resource.</summary>
    /// <param name="point">Where it waits: before its token is checked, or after, with the answer withheld, which makes a late 401.</param>
    /// <returns>The gate.</returns>
    public ParkedRequest ParkNextApiRequest(ParkPoint point = ParkPoint.BeforeProcessing)
    {
        var gate = new ParkedRequest(point);
        _resource.Enqueue(gate);
        return gate;
    }

    /// <summary>Holds requests to the protected resource until so many have arrived, so that all carry the same token.</summary>
    /// <param name="count">How many.</param>
    /// <param name="releaseWhenFull">Whether the last arrival opens the barrier; otherwise <see cref="ApiBarrier.Release"/> does.</param>
    /// <returns>The barrier; it replaces an earlier one.</returns>
    public ApiBarrier HoldApiRequests(int count, bool releaseWhenFull = true)
    {
        var barrier = new ApiBarrier(count, releaseWhenFull);
        _resource.Barrier = barrier;
        return barrier;
    }

    /// <summary>Waits until so many token requests have arrived, since the start.</summary>
    /// <param name="count">How many.</param>
    /// <returns>A task; it fails with <see cref="TimeoutException"/> after 60 seconds.</returns>
    public Task WaitForTokenRequestsAsync(int count) =>
        _books.WhenTokenRequestsReach(count).WaitAsync(ParkedRequest.Patience, TimeProvider.System);

    /// <summary>
    /// Waits until the server is done with every token request that has arrived. A client may have its answer, or the end of its
    /// connection, a moment before.
    /// </summary>
    /// <returns>A task; it fails with <see cref="TimeoutException"/> after 60 seconds.</returns>
    public Task WaitForTokenRequestsToEndAsync() =>
        _books.WhenNoTokenRequestIsInFlight().WaitAsync(ParkedRequest.Patience, TimeProvider.System);

    /// <summary>Stops the server. Parked requests are dropped.</summary>
    /// <returns>A task that completes when both ports are free.</returns>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _host.DisposeAsync();
        _stopping.Dispose();
    }
}
