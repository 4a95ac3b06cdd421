using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Flows;
using Google.Apis.Http;

namespace TokenRefresh.Benchmarks.Peers;

/// <summary>Google's credential of a signed-in user, with a token endpoint in memory.</summary>
internal static class GoogleTokens
{
    internal static UserCredential Valid() => Create(
        TimeProvider.System.GetUtcNow(),
        new InMemoryTokenEndpoint(() => throw new InvalidOperationException("A valid token needs no request.")));

    internal static UserCredential Expired(Func<Task<(string Token, DateTimeOffset ExpiresAt)>> fetchAsync) =>
        Create(TimeProvider.System.GetUtcNow().AddHours(-2), new InMemoryTokenEndpoint(fetchAsync));

    private static UserCredential Create(DateTimeOffset issued, HttpMessageHandler endpoint)
    {
        var flow = new GoogleAuthorizationCodeFlow(new GoogleAuthorizationCodeFlow.Initializer
        {
            ClientSecrets = new ClientSecrets { ClientId = "benchmarks", ClientSecret = "none" },
            HttpClientFactory = new InMemoryClientFactory(endpoint),
        });
        var tokens = new Google.Apis.Auth.OAuth2.Responses.TokenResponse
        {
            AccessToken = "access-token",
            RefreshToken = "refresh-token",
            ExpiresInSeconds = 3600,
            IssuedUtc = issued.UtcDateTime,
        };
        return new UserCredential(flow, "user", tokens);
    }

    private sealed class InMemoryClientFactory(HttpMessageHandler endpoint) : Google.Apis.Http.HttpClientFactory
    {
        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args) => endpoint;
    }
}
