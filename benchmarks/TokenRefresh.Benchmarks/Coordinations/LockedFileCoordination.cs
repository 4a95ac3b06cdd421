using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>
/// What careful people write by hand: one caller at a time, look, lock, look again, refresh, save by rename with both flushes. Only the
/// lock differs from one to the next.
/// </summary>
internal abstract class LockedFileCoordination(CoordinationSettings settings) : ICoordination
{
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly HttpClient _http = new();
    private string? _token;
    private DateTimeOffset _expiresAt;

    public async Task<string> GetTokenAsync()
    {
        await _oneAtATime.WaitAsync();
        try
        {
            if (IsValid || Read().IsValid)
            {
                return _token!;
            }

            await using IAsyncDisposable hold = await LockAsync();
            (bool isValid, string refreshToken) = Read();
            if (!isValid)
            {
                await RefreshAsync(refreshToken);
            }

            return _token!;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public abstract Task<IAsyncDisposable> LockAsync();

    public virtual ValueTask DisposeAsync()
    {
        _http.Dispose();
        _oneAtATime.Dispose();
        return default;
    }

    /// <summary>The lock's file, a sibling of the credentials.</summary>
    protected string LockPath { get; } = settings.CredentialsPath + ".peer.lock";

    protected TimeProvider TimeProvider => settings.TimeProvider;

    private bool IsValid => _token is not null && _expiresAt > TimeProvider.GetUtcNow().AddSeconds(10);

    private (bool IsValid, string RefreshToken) Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(settings.CredentialsPath));
        JsonElement login = document.RootElement.GetProperty("claudeAiOauth");
        _token = login.GetProperty("accessToken").GetString();
        _expiresAt = DateTimeOffset.FromUnixTimeMilliseconds(login.GetProperty("expiresAt").GetInt64());
        return (IsValid, login.GetProperty("refreshToken").GetString()!);
    }

    private async Task RefreshAsync(string refreshToken)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "refresh_token"),
            new("refresh_token", refreshToken),
            new("client_id", CoordinationSettings.ClientId),
        ]);
        using HttpResponseMessage answer = await _http.PostAsync(settings.TokenEndpoint, form);
        answer.EnsureSuccessStatusCode();
        JsonElement tokens = await answer.Content.ReadFromJsonAsync<JsonElement>();
        string token = tokens.GetProperty("access_token").GetString()!;
        DateTimeOffset expiresAt = TimeProvider.GetUtcNow().AddSeconds(tokens.GetProperty("expires_in").GetInt32());

        JsonNode document = JsonNode.Parse(await File.ReadAllBytesAsync(settings.CredentialsPath))!;
        JsonNode login = document["claudeAiOauth"]!;
        login["accessToken"] = token;
        login["refreshToken"] = tokens.GetProperty("refresh_token").GetString();
        login["expiresAt"] = expiresAt.ToUnixTimeMilliseconds();
        string temp = settings.CredentialsPath + ".peer.tmp";
        using (var file = new FileStream(temp, FileMode.Create, FileAccess.Write))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(document));
            file.Flush(flushToDisk: true);
        }

        settings.OnSave();
        File.Move(temp, settings.CredentialsPath, overwrite: true);
        SystemCalls.FlushDirectory(Path.GetDirectoryName(settings.CredentialsPath)!);
        (_token, _expiresAt) = (token, expiresAt);
    }
}
