using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>One login at a loopback server, stored in one file of a directory of its own, for child processes to share.</summary>
internal sealed class SharedLogin : IAsyncDisposable
{
    internal const string LockSuffix = ".tokenrefresh.lock";

    private SharedLogin(LoopbackAuthorizationServer server) => Server = server;

    internal LoopbackAuthorizationServer Server { get; }

    internal AuthorizationServerBooks Books => Server.Books;

    internal TempDirectory Directory { get; } = new();

    internal string Path => System.IO.Path.Combine(Directory.Path, ".credentials.json");

    internal string LockPath => Path + LockSuffix;

    internal IReadOnlyList<string> TempFiles => System.IO.Directory.GetFiles(Directory.Path, "*.tokenrefresh.tmp");

    /// <summary>Starts with a login whose access token is valid for an hour.</summary>
    internal static async Task<SharedLogin> StartAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        var login = new SharedLogin(await LoopbackAuthorizationServer.StartAsync(options));
        login.StoreValid();
        return login;
    }

    /// <summary>Starts with a login whose access token has expired.</summary>
    internal static async Task<SharedLogin> StartExpiredAsync(LoopbackAuthorizationServerOptions? options = null)
    {
        SharedLogin login = await StartAsync(options);
        login.StoreExpired();
        return login;
    }

    internal OAuthCredentials StoreValid() => Store(Server.IssueLogin().Credentials);

    internal OAuthCredentials StoreExpired() => Store(Server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);

    /// <summary>Writes the file as Claude Code does, with a sibling that is not ours; in one step, as a sign-in would.</summary>
    internal OAuthCredentials Store(OAuthCredentials credentials, string? path = null)
    {
        path ??= Path;
        string json = $$"""
            {
              "mcpOAuth": { "server|1": { "accessToken": "other", "expiresAt": 1787613382524.616 } },
              "claudeAiOauth": {
                "accessToken": "{{credentials.AccessToken}}",
                "refreshToken": "{{credentials.RefreshToken}}",
                "expiresAt": {{credentials.ExpiresAt!.Value.ToUnixTimeMilliseconds()}},
                "scopes": ["user:inference"],
                "subscriptionType": "max"
              }
            }
            """;
        File.WriteAllText(path + ".new", json);
        File.Move(path + ".new", path, overwrite: true);
        return credentials;
    }

    /// <summary>The command that makes a provider of this login.</summary>
    internal string Create(string settings = "", string? path = null) =>
        $"create path={Uri.EscapeDataString(path ?? Path)} client=tests {(settings.Contains("endpoint=", StringComparison.Ordinal) ? "" : $"endpoint={Uri.EscapeDataString(Server.TokenUri.AbsoluteUri)} ")}{settings}";

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Dispose();
    }
}
