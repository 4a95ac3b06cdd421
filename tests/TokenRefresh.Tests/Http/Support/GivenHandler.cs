using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

/// <summary>The handler under test over an inner handler in memory.</summary>
internal static class GivenHandler
{
    public static readonly Uri Resource = new("https://api.example.com/v1/messages?beta=true");

    public static HttpMessageInvoker Client(
        ITokenProvider tokens, Func<HttpRequestMessage, HttpResponseMessage> answer, BearerTokenHandlerOptions? options = null) =>
        Client(tokens, new FakeHandler(answer), options);

    public static HttpMessageInvoker Client(ITokenProvider tokens, HttpMessageHandler handler, BearerTokenHandlerOptions? options = null) =>
        new(new BearerTokenHandler(tokens, options) { InnerHandler = handler });

    public static async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker client, Action<HttpRequestMessage>? configure = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Resource);
        configure?.Invoke(request);
        return await client.SendAsync(request, CancellationToken.None);
    }

    public static HttpResponseMessage Ok() => FakeHandler.Response(200, "fine");

    public static HttpResponseMessage Unauthorized(string body = "") => FakeHandler.Response(401, body);
}
