using System.Net;
using System.Net.Http.Json;

namespace TokenRefresh.Benchmarks.Peers;

/// <summary>A token endpoint without a network, for peers that ask over HTTP.</summary>
internal sealed class InMemoryTokenEndpoint(Func<Task<(string Token, DateTimeOffset ExpiresAt)>> fetchAsync) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (string token, DateTimeOffset expiresAt) = await fetchAsync();
        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            RequestMessage = request,
            Content = JsonContent.Create(new
            {
                access_token = token,
                refresh_token = "next-refresh-token",
                token_type = "Bearer",
                expires_in = (int)(expiresAt - TimeProvider.System.GetUtcNow()).TotalSeconds,
            }),
        };
    }
}
