using System.Diagnostics;
using System.Text.Json;

namespace TokenRefresh.Tool.Tests;

/// <summary>A login in the <c>auth.json</c> of a home directory of the codex CLI.</summary>
internal sealed class CodexLogin : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TempDirectory _home = new();

    private CodexLogin(LoopbackAuthorizationServer server) => Server = server;

    public LoopbackAuthorizationServer Server { get; }

    public AuthorizationServerBooks Books => Server.Books;

    private string AuthPath => Path.Combine(_home.Path, "auth.json");

    public static async Task<CodexLogin> StartAsync()
    {
        var login = new CodexLogin(await LoopbackAuthorizationServer.StartAsync(
            new LoopbackAuthorizationServerOptions { JwtAccessTokens = true, Latency = TimeSpan.FromMilliseconds(300) }));
        await File.WriteAllTextAsync(
            Path.Combine(login._home.Path, "config.toml"), $"chatgpt_base_url = \"{new Uri(login.Server.BaseAddress, "backend-api")}\"\n");
        return login;
    }

    /// <summary>Stores a new login whose access token has that much time left.</summary>
    public Task StoreAsync(TimeSpan left)
    {
        OAuthCredentials issued = Server.IssueLogin(left).Credentials;
        return File.WriteAllTextAsync(AuthPath, JsonSerializer.Serialize(new
        {
            auth_mode = "chatgpt",
            tokens = new
            {
                id_token = issued.AccessToken,
                access_token = issued.AccessToken,
                refresh_token = issued.RefreshToken,
                account_id = "account",
            },
            last_refresh = "2026-01-01T00:00:00.000000Z",
        }));
    }

    /// <summary>Starts processes of the CLI at the same moment, and waits until they have ended.</summary>
    public async Task RunAsync(string codex, int count)
    {
        string[] words = ["exec", "--skip-git-repo-check", "--sandbox", "read-only", "hello"];
        Process[] all = [.. Enumerable.Range(0, count).Select(_ => Process.Start(Prepare(new ProcessStartInfo(codex, words)))!)];
        try
        {
            await Task.WhenAll(all.Select(async process =>
            {
                process.StandardInput.Close();
                await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
                await process.WaitForExitAsync();
            })).WaitAsync(Patience, TimeProvider.System);
        }
        finally
        {
            foreach (Process process in all)
            {
                ToolProcess.End(process);
                process.Dispose();
            }
        }
    }

    /// <summary>Starts <c>keep-fresh</c> on the same file.</summary>
    public Process KeepFresh()
    {
        var start = Prepare(new ProcessStartInfo("dotnet", [ToolProcess.Assembly, "keep-fresh"]));
        start.Environment["XDG_CONFIG_HOME"] = _home.Path;
        start.Environment["TOKEN_REFRESH_CREDENTIALS"] = AuthPath;
        start.Environment["TOKEN_REFRESH_TOKEN_ENDPOINT"] = Server.TokenUri.AbsoluteUri;
        start.Environment["TOKEN_REFRESH_CLIENT_ID"] = "tests";
        return Process.Start(start)!;
    }

    private ProcessStartInfo Prepare(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = _home.Path;
        start.Environment["CODEX_HOME"] = _home.Path;
        start.Environment["CODEX_REFRESH_TOKEN_URL_OVERRIDE"] = Server.TokenUri.AbsoluteUri;
        return start;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _home.Dispose();
    }
}
