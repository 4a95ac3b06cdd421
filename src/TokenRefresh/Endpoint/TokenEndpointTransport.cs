namespace TokenRefresh.Endpoint;

/// <summary>What sends token requests where no container provides an <see cref="HttpClient"/>; with connections of its own.</summary>
/// <remarks>
/// With no handler of the program in between it can send synchronously: from the first byte of the body to the last of the answer it needs
/// no thread of the pool, which the callers that wait for the token may hold.
/// </remarks>
internal sealed class TokenEndpointTransport() : HttpMessageInvoker(CreateHandler(), disposeHandler: true)
{
    /// <summary>Creates the handler: no redirects, no cookies.</summary>
    internal static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),

        // Refreshes are an hour apart. A pooled connection that broke in between would make the outcome of the next one unknown, so
        // connections are kept only as long as a replay may need one.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),

        // An answer that is given up in its middle is not read to its end.
        ResponseDrainTimeout = TimeSpan.Zero,
    };

    /// <summary>Sends by any invoker. An <see cref="HttpClient"/> alone would buffer up to 2 GB of an answer before its length could be
    /// looked at.</summary>
    internal static Task<HttpResponseMessage> SendAsync(
        HttpMessageInvoker invoker, HttpRequestMessage message, CancellationToken cancellationToken) =>
        invoker is HttpClient client
            ? client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : invoker.SendAsync(message, cancellationToken);
}
