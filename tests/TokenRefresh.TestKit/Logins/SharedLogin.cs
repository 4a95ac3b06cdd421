namespace TokenRefresh.TestKit.Logins;

/// <summary>
/// One login at a loopback server, stored in one file of a directory of its own, and the providers and child processes that share it.
/// </summary>
public sealed class SharedLogin : IAsyncDisposable
{
    /// <summary>What is behind the name of the credentials file in that of its lock file.</summary>
    public const string LockSuffix = ".tokenrefresh.lock";

    /// <summary>An expiry before the first moment of every clock that tests use.</summary>
    public static readonly DateTimeOffset LongPast = DateTimeOffset.UnixEpoch.AddYears(50);

    private readonly List<CoordinatedTokenProvider> _providers = [];

    private SharedLogin(LoopbackAuthorizationServer server) => Server = server;

    /// <summary>Gets the server.</summary>
    public LoopbackAuthorizationServer Server { get; }

    /// <summary>Gets what the server has counted so far.</summary>
    public AuthorizationServerBooks Books => Server.Books;

    /// <summary>Gets the directory of the credentials file.</summary>
    public TempDirectory Directory { get; } = new();

    /// <summary>Gets the path of the credentials file.</summary>
    public string Path => System.IO.Path.Combine(Directory.Path, ".credentials.json");

    /// <summary>Gets the path of the lock file.</summary>
    public string LockPath => Path + LockSuffix;

    /// <summary>Gets the temp files that are beside the credentials file now.</summary>
    public IReadOnlyList<string> TempFiles => System.IO.Directory.GetFiles(Directory.Path, "*.tokenrefresh.tmp");

    /// <summary>Gets the login that was stored last.</summary>
    public IssuedLogin Login { get; private set; } = null!;

    /// <summary>Gets the key to which the stored login is bound, or <see langword="null"/>.</summary>
    public DPoPKey? Key { get; private init; }

    /// <summary>Starts with a login whose access token is valid for an hour.</summary>
    /// <param name="options">The server's options; <see langword="null"/> for the defaults.</param>
    /// <returns>The login; dispose it.</returns>
    public static async Task<SharedLogin> StartAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        var login = new SharedLogin(await LoopbackAuthorizationServer.StartAsync(options));
        login.StoreValid();
        return login;
    }

    /// <summary>Starts with a login whose access token has expired, for the server too.</summary>
    /// <param name="options">The server's options; <see langword="null"/> for the defaults.</param>
    /// <returns>The login; dispose it.</returns>
    public static async Task<SharedLogin> StartExpiredAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        SharedLogin login = await StartAsync(options);
        login.StoreExpired();
        return login;
    }

    /// <summary>Starts with an access token that the server still accepts and whose stored expiry is years ago.</summary>
    /// <param name="options">The server's options; <see langword="null"/> for the defaults.</param>
    /// <returns>The login; dispose it.</returns>
    public static async Task<SharedLogin> StartWithPastExpiryAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        SharedLogin login = await StartAsync(options);
        login.Store(login.Login, LongPast);
        return login;
    }

    /// <summary>Starts at a server that demands proofs (RFC 9449), with a login that is bound to a new key.</summary>
    /// <param name="options">The server's options; <see langword="null"/> for the defaults.</param>
    /// <param name="lifetime">The lifetime of the stored access token; <see langword="null"/> for an hour.</param>
    /// <returns>The login; dispose it.</returns>
    public static async Task<SharedLogin> StartBoundAsync(LoopbackAuthorizationServerOptions? options = null, TimeSpan? lifetime = null)
    {
        options = (options ?? new LoopbackAuthorizationServerOptions()) with { DemandsDPoP = true };
        var login = new SharedLogin(await LoopbackAuthorizationServer.StartAsync(options)) { Key = DPoPKey.Create() };
        login.StoreBound(lifetime);
        return login;
    }

    /// <summary>Makes a provider of this login in this process; it is disposed with the login.</summary>
    /// <param name="configure">Sets further options.</param>
    /// <param name="services">The services; <see langword="null"/> for the defaults.</param>
    /// <returns>The provider.</returns>
    public CoordinatedTokenProvider CreateProvider(
        Action<TokenRefreshOptions>? configure = null,
        CoordinatedTokenProviderServices? services = null)
    {
        var provider = CoordinatedTokenProvider.Create(
            o =>
            {
                o.CredentialsPath = Path;
                o.TokenEndpoint = Server.TokenUri;
                o.ClientId = "tests";
                configure?.Invoke(o);
            },
            services);
        _providers.Add(provider);
        return provider;
    }

    /// <summary>Writes the command by which a child process makes a provider of this login.</summary>
    /// <param name="settings">Further settings, as <c>key=value</c>.</param>
    /// <param name="path">The credentials file; <see langword="null"/> for this login's.</param>
    /// <returns>The command.</returns>
    public string CreateCommand(string settings = "", string? path = null)
    {
        bool namesEndpoint = settings.Contains("endpoint=", StringComparison.Ordinal);
        string endpoint = namesEndpoint ? "" : $"endpoint={Uri.EscapeDataString(Server.TokenUri.AbsoluteUri)} ";
        return $"create path={Uri.EscapeDataString(path ?? Path)} client=tests {endpoint}{settings}";
    }

    /// <summary>Has a provider refresh its expired token, and waits until its request is at the server.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="point">Where the request waits there.</param>
    /// <param name="behavior">What the server does besides; <see langword="null"/> for its normal work.</param>
    /// <returns>The refresh; dispose it.</returns>
    public Task<ParkedExchange<AccessToken>> ParkAsync(
        ITokenProvider provider,
        ParkPoint point = ParkPoint.BeforeProcessing,
        TokenEndpointBehavior? behavior = null) =>
        ParkedExchange<AccessToken>.StartAsync(
            Server.ParkNextTokenRequest(point, behavior),
            () => Task.FromResult(provider.GetAccessTokenAsync().AsTask()));

    /// <summary>Sends a child a command that refreshes, and waits until its request is at the server.</summary>
    /// <param name="child">The child.</param>
    /// <param name="command">The command; it runs beside others.</param>
    /// <param name="point">Where the request waits there.</param>
    /// <param name="behavior">What the server does besides; <see langword="null"/> for its normal work.</param>
    /// <returns>The refresh; dispose it.</returns>
    public Task<ParkedExchange<string>> ParkAsync(
        ChildProcess child,
        string command = "get",
        ParkPoint point = ParkPoint.BeforeProcessing,
        TokenEndpointBehavior? behavior = null) =>
        ParkedExchange<string>.StartAsync(Server.ParkNextTokenRequest(point, behavior), () => child.StartCommandAsync(command));

    /// <summary>Stores a new login whose access token is valid for an hour.</summary>
    /// <returns>What was stored.</returns>
    public OAuthCredentials StoreValid() => Store(Server.IssueLogin());

    /// <summary>Stores a new login whose access token has expired.</summary>
    /// <returns>What was stored.</returns>
    public OAuthCredentials StoreExpired() => Store(Server.IssueLogin(TimeSpan.FromMinutes(-1)));

    /// <summary>Stores a new login that is bound to the key.</summary>
    /// <param name="lifetime">The lifetime of its access token; <see langword="null"/> for an hour.</param>
    /// <returns>What was stored.</returns>
    public OAuthCredentials StoreBound(TimeSpan? lifetime = null) => Store(Server.IssueLogin(lifetime, Key!.Thumbprint));

    /// <summary>Stores a login.</summary>
    /// <param name="login">The login.</param>
    /// <param name="expiresAt">The expiry that is stored; <see langword="null"/> for the login's own.</param>
    /// <returns>What the server issued.</returns>
    public OAuthCredentials Store(IssuedLogin login, DateTimeOffset? expiresAt = null)
    {
        ArgumentNullException.ThrowIfNull(login);
        Login = login;
        Write(Path, login.Credentials, expiresAt ?? login.Credentials.ExpiresAt!.Value, Key);
        return login.Credentials;
    }

    /// <summary>Stores tokens of any origin.</summary>
    /// <param name="credentials">The tokens.</param>
    /// <param name="path">The file; <see langword="null"/> for this login's.</param>
    /// <returns>The same tokens.</returns>
    public OAuthCredentials Store(OAuthCredentials credentials, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        Write(path ?? Path, credentials, credentials.ExpiresAt!.Value);
        return credentials;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (CoordinatedTokenProvider provider in _providers)
        {
            await provider.DisposeAsync();
        }

        await Server.DisposeAsync();
        Directory.Dispose();
    }

    /// <summary>Writes the file as Claude Code does, with siblings that are not ours; in one step, as a sign-in would.</summary>
    private static void Write(string path, OAuthCredentials credentials, DateTimeOffset expiresAt, DPoPKey? key = null)
    {
        string bound = key is null ? "" : $"\"tokenType\": \"DPoP\", \"dpopKey\": {key.ExportJwk()},";
        string json = $$"""
            {
              "mcpOAuth": { "server|1": { "accessToken": "other", "expiresAt": 1787613382524.616 } },
              "claudeAiOauth": {
                "accessToken": "{{credentials.AccessToken}}",
                "refreshToken": "{{credentials.RefreshToken}}",
                "expiresAt": {{expiresAt.ToUnixTimeMilliseconds()}},
                "scopes": ["user:inference"],{{bound}}
                "subscriptionType": "max"
              }
            }
            """;
        File.WriteAllText(path + ".new", json);
        File.Move(path + ".new", path, overwrite: true);
    }
}
