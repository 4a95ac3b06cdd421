using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Endpoint;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>The client under test with what most tests do not care about.</summary>
internal static class Given
{
    public const string RefreshToken = "rt-0123456789-abcdefghij";
    public const string ClientSecret = "s3cr3t:with/odd+characters and more";
    public static readonly Uri Endpoint = new("https://auth.example.com/oauth/token");

    public static TokenRequestWriter Settings(Action<TokenRefreshOptions>? configure = null)
    {
        var options = new TokenRefreshOptions { TokenEndpoint = Endpoint, ClientId = "my-cli" };
        configure?.Invoke(options);
        return new TokenRequestWriter(options);
    }

    public static HttpTokenEndpointClient Client(
        HttpMessageHandler handler,
        Action<TokenRefreshOptions>? configure = null,
        ITokenErrorClassifier? classifier = null,
        TimeProvider? time = null,
        ILogger? logger = null)
    {
        var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        return Client(invoker, configure, classifier, time, logger);
    }

    public static HttpTokenEndpointClient Client(
        HttpMessageInvoker invoker,
        Action<TokenRefreshOptions>? configure = null,
        ITokenErrorClassifier? classifier = null,
        TimeProvider? time = null,
        ILogger? logger = null) =>
        new(Settings(configure), () => invoker, classifier, time ?? TimeProvider.System, logger ?? NullLogger.Instance);

    public static Task<TokenEndpointResult> AnswerAsync(
        HttpMessageHandler handler, Action<TokenRefreshOptions>? configure = null, TimeProvider? time = null) =>
        Client(handler, configure, time: time).RefreshAsync(new TokenRequest(RefreshToken)).AsTask();

    public static async Task<TokenResponse> ResponseAsync(string body)
    {
        TokenEndpointResult result = await AnswerAsync(FakeHandler.Answering(200, body));
        return result.Response ?? throw new InvalidOperationException($"The answer was read as '{result}'.");
    }
}
