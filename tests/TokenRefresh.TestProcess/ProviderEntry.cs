using System.Collections.Concurrent;
using System.Globalization;
using TokenRefresh.TestProcess.Checkpoints;

namespace TokenRefresh.TestProcess;

/// <summary>A provider with what it was made of, the tokens it has given and the events it has raised.</summary>
internal sealed class ProviderEntry : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, AccessToken> _seen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _events = new(StringComparer.Ordinal);
    private readonly Lazy<HttpClient> _http;
    private readonly Checkpoint? _checkpoint;
    private readonly CheckpointServices? _services;
    private readonly Action<string> _announce;
    private TaskCompletionSource<OAuthCredentials>? _browser;
    private AccessToken? _last;

    public ProviderEntry(IReadOnlyDictionary<string, string> settings, Action<string> announce)
    {
        Settings = settings;
        _announce = announce;
        if (settings.TryGetValue("park", out string? place))
        {
            var options = new TokenRefreshOptions();
            Configure(options);
            _checkpoint = new Checkpoint(place, announce);
            _services = new CheckpointServices(options, _checkpoint);
        }

        Provider = CoordinatedTokenProvider.Create(Configure, _services?.Services);
        _http = new Lazy<HttpClient>(() => new HttpClient(new BearerTokenHandler(Provider) { InnerHandler = new SocketsHttpHandler() }));
    }

    public IReadOnlyDictionary<string, string> Settings { get; }

    public CoordinatedTokenProvider Provider { get; }

    public HttpClient Http => _http.Value;

    public string Events =>
        string.Join(' ', _events.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}={entry.Value}"));

    public string Saw(AccessToken token)
    {
        string fingerprint = TokenFingerprint.Of(token.Value);
        _seen[fingerprint] = token;
        _last = token;
        return fingerprint;
    }

    public AccessToken Recall(string fingerprint) =>
        fingerprint == "last" ? _last ?? throw new CommandException("This provider has given no token yet.")
        : _seen.GetValueOrDefault(fingerprint) ?? throw new CommandException($"This provider has given no token '{fingerprint}'.");

    /// <summary>Signs in where this provider has asked its user.</summary>
    public void SignIn(OAuthCredentials credentials) =>
        (_browser ?? throw new CommandException("This provider has asked no user.")).SetResult(credentials);

    public void LetGo() => (_checkpoint ?? throw new CommandException("This provider parks nowhere; create it with 'park='.")).LetGo();

    public async ValueTask DisposeAsync()
    {
        if (_http.IsValueCreated)
        {
            _http.Value.Dispose();
        }

        await Provider.DisposeAsync();
        _services?.Dispose();
    }

    private void Configure(TokenRefreshOptions options)
    {
        foreach ((string key, string value) in Settings)
        {
            Apply(options, key, value);
        }

        options.SignIn = Settings.ContainsKey("user") ? AskAsync : null;
        options.Events.Refreshed = _ => Count("refreshed");
        options.Events.Adopted = _ => Count("adopted");
        options.Events.SaveFailed = _ => Count("saveFailed");
        options.Events.TokensDiscarded = _ => Count("pairDropped");
        options.Events.SignInRequired = _ => Count("signInRequired");
    }

    private Task<OAuthCredentials> AskAsync(CancellationToken cancellationToken)
    {
        _browser = new TaskCompletionSource<OAuthCredentials>(TaskCreationOptions.RunContinuationsAsynchronously);
        _announce("asked the user");
        return _browser.Task.WaitAsync(cancellationToken);
    }

    private ValueTask Count(string name)
    {
        _events.AddOrUpdate(name, 1, (_, count) => count + 1);
        return default;
    }

    private static void Apply(TokenRefreshOptions options, string key, string value)
    {
        switch (key)
        {
            case "name" or "park" or "user":
                break;
            case "path":
                options.CredentialsPath = value;
                break;
            case "mode":
                options.Mode = Enum.Parse<TokenRefreshMode>(value);
                break;
            case "lockpath":
                options.LockPath = value;
                break;
            case "locks":
                options.CompatibleLocks = value == "codex" ? CompatibleLock.Codex : ClaudeCodeLocks(Milliseconds(value));
                break;
            case "endpoint":
                options.TokenEndpoint = new Uri(value, UriKind.RelativeOrAbsolute);
                break;
            case "revocation":
                options.RevocationEndpoint = new Uri(value, UriKind.RelativeOrAbsolute);
                break;
            case "client":
                options.ClientId = value;
                break;
            case "secret":
                options.ClientSecret = value;
                break;
            case "grant":
                options.Grant = Enum.Parse<TokenGrant>(value);
                break;
            case "authentication":
                options.ClientAuthentication = Enum.Parse<ClientAuthentication>(value);
                break;
            case "sender":
                options.AdditionalHeaders["X-Sender"] = value;
                break;
            case "format":
                options.RequestFormat = Enum.Parse<TokenRequestFormat>(value);
                break;
            case "before":
                options.RefreshBeforeExpiration = Milliseconds(value);
                break;
            case "skew":
                options.ExpirationSkew = Milliseconds(value);
                break;
            case "refresh-timeout":
                options.RefreshTimeout = Milliseconds(value);
                break;
            case "attempt-timeout":
                options.AttemptTimeout = Milliseconds(value);
                break;
            case "save-timeout":
                options.SaveTimeout = Milliseconds(value);
                break;
            case "lock-timeout":
                options.LockTimeout = Milliseconds(value);
                break;
            case "unreliable-lock":
                options.AllowUnreliableLock = bool.Parse(value);
                break;
            case "reuse-window":
                options.RefreshTokenReuseWindow = Milliseconds(value);
                break;
            case "signals":
                options.HandleProcessSignals = bool.Parse(value);
                break;
            default:
                throw new CommandException($"'{key}' is no setting of a provider.");
        }
    }

    private static CompatibleLock[] ClaudeCodeLocks(TimeSpan staleAfter) =>
    [
        .. CompatibleLock.ClaudeCode.Select(item => new CompatibleLock(item.Path)
        {
            StaleAfter = staleAfter,
            HeartbeatInterval = TimeSpan.FromMilliseconds(Math.Clamp(staleAfter.TotalMilliseconds / 4, 1_000, 5_000)),
        }),
    ];

    private static TimeSpan Milliseconds(string value) => TimeSpan.FromMilliseconds(double.Parse(value, CultureInfo.InvariantCulture));
}
