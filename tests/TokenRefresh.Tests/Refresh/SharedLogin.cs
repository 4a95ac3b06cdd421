using TokenRefresh.Interop;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Refresh;

/// <summary>One login at a loopback server, stored in one file of a directory of its own, and the providers that share it.</summary>
internal sealed class SharedLogin : IAsyncDisposable
{
    private readonly List<CoordinatedTokenProvider> _providers = [];

    private SharedLogin(LoopbackAuthorizationServer server) => Server = server;

    internal LoopbackAuthorizationServer Server { get; }

    internal TempDirectory Directory { get; } = new();

    internal string Path => System.IO.Path.Combine(Directory.Path, ".credentials.json");

    internal string LockPath => Path + ".tokenrefresh.lock";

    internal IssuedLogin Login { get; private set; } = null!;

    internal static async Task<SharedLogin> StartAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        var login = new SharedLogin(await LoopbackAuthorizationServer.StartAsync(options));
        login.Store(login.Server.IssueLogin());
        return login;
    }

    /// <summary>Starts with an access token that the server still knows and whose stored expiry lies years back.</summary>
    internal static async Task<SharedLogin> StartExpiredAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        SharedLogin login = await StartAsync(options);
        login.Store(login.Login, DateTimeOffset.UnixEpoch.AddYears(50));
        return login;
    }

    internal CoordinatedTokenProvider CreateProvider(
        Action<TokenRefreshOptions>? configure = null, CoordinatedTokenProviderServices? services = null)
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

    /// <summary>
    /// Makes a file store on the login's file, for a decorator or with a file system that fails. The caller disposes it after the
    /// provider's last use.
    /// </summary>
    internal FileCredentialsStore CreateStore(IFileOperations? files = null, TimeProvider? time = null) =>
        new(
            new(Path, CredentialsFileFormat.Auto, LockPath: null, AllowUnreliableLock: false, TimeSpan.FromSeconds(5)),
            time ?? TimeProvider.System,
            files);

    /// <summary>Writes the file as Claude Code does, with siblings that are not ours.</summary>
    internal void Store(IssuedLogin login, DateTimeOffset? expiresAt = null)
    {
        Login = login;
        long expiry = (expiresAt ?? login.Credentials.ExpiresAt!.Value).ToUnixTimeMilliseconds();
        string json = $$"""
            {
              "mcpOAuth": { "server|1": { "accessToken": "other", "expiresAt": 1787613382524.616 } },
              "claudeAiOauth": {
                "accessToken": "{{login.AccessToken}}",
                "refreshToken": "{{login.RefreshToken}}",
                "expiresAt": {{expiry}},
                "scopes": ["user:inference"],
                "subscriptionType": "max"
              }
            }
            """;
        File.WriteAllText(Path + ".new", json);
        File.Move(Path + ".new", Path, overwrite: true);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (CoordinatedTokenProvider provider in _providers)
        {
            await provider.DisposeAsync();
        }

        await Server.DisposeAsync();
        Directory.Dispose();
    }
}
