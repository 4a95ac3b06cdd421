using System.Net.Http.Json;
using System.Text.Json;
using TokenRefresh;

namespace ConcurrentSessions;

/// <summary>
/// Refreshes on its own, as command-line tools in the field do: one refresh at a time within the process, the file read again before each,
/// the new tokens saved by a rename. What it lacks is anything that keeps another process from doing the same at the same moment.
/// </summary>
internal sealed class UncoordinatedTokenProvider(SessionSettings settings) : ITokenProvider, IAsyncDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly HttpClient _http = new();
    private OAuthCredentials? _current = CredentialsFile.Read(settings.File);

    public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) =>
        Usable(_current, rejected: null) is { } token ? new(token) : RefreshAsync(rejected: null, cancellationToken);

    public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
        RefreshAsync(rejected, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _oneAtATime.Dispose();
        _http.Dispose();
        return default;
    }

    private async ValueTask<AccessToken> RefreshAsync(AccessToken? rejected, CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            _current = Usable(_current, rejected) is null ? CredentialsFile.Read(settings.File) : _current;
            if (Usable(_current, rejected) is { } adopted)
            {
                return adopted;
            }

            var refreshed = await ExchangeAsync(_current, cancellationToken);
            CredentialsFile.Write(settings.File, refreshed);
            _current = refreshed;
            return new AccessToken(refreshed.AccessToken, refreshed.ExpiresAt);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task<OAuthCredentials> ExchangeAsync(OAuthCredentials? from, CancellationToken cancellationToken)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "refresh_token"),
            new("refresh_token", from?.RefreshToken ?? ""),
            new("client_id", SessionSettings.ClientId),
        ]);
        using var answer = await _http.PostAsync(settings.TokenEndpoint, form, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new SignInRequiredException(
                SignInRequiredReason.RefreshTokenRejected, $"The token endpoint answered {(int)answer.StatusCode}; sign in again.");
        }

        var tokens = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return new OAuthCredentials(
            tokens.GetProperty("access_token").GetString()!,
            tokens.GetProperty("refresh_token").GetString(),
            TimeProvider.System.GetUtcNow().AddSeconds(tokens.GetProperty("expires_in").GetInt32()));
    }

    private static AccessToken? Usable(OAuthCredentials? credentials, AccessToken? rejected) =>
        credentials is { AccessToken.Length: > 0 }
        && credentials.AccessToken != rejected?.Value
        && credentials.ExpiresAt > TimeProvider.System.GetUtcNow()
            ? new AccessToken(credentials.AccessToken, credentials.ExpiresAt)
            : null;
}
