using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Tests.TestKit;

/// <summary>A client without any cleverness, for tests of the server itself.</summary>
internal sealed class LoopbackServerClient(LoopbackAuthorizationServer server) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    public HttpClient Http => _http;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async Task<TokenAnswer> RefreshAsync(string refreshToken, params (string Name, string Value)[] more)
    {
        IEnumerable<(string Name, string Value)> parameters = [("grant_type", "refresh_token"), ("refresh_token", refreshToken), .. more];
        return await PostTokenAsync(
            new FormUrlEncodedContent(parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))));
    }

    public async Task<TokenAnswer> PostTokenAsync(HttpContent content, string? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, server.TokenUri) { Content = content };
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using HttpResponseMessage response = await _http.SendAsync(request, Cancellation);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        return new TokenAnswer(response.StatusCode, body, response.Headers);
    }

    public async Task<HttpResponseMessage> CallApiAsync(
        string? accessToken,
        string path = "resource",
        HttpMethod? method = null,
        string? body = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(server.ApiUri, path));
        if (accessToken is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "text/plain");
        }

        return await _http.SendAsync(request, Cancellation);
    }

    public void Dispose() => _http.Dispose();
}

internal sealed record TokenAnswer(HttpStatusCode Status, string Body, HttpResponseHeaders Headers)
{
    public string AccessToken => Member("access_token")!;

    public string RefreshToken => Member("refresh_token")!;

    public string? Error => Member("error");

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    private string? Member(string name) => Json.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
