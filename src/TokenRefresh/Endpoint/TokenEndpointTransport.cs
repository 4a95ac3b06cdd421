using System.Net;

namespace TokenRefresh.Endpoint;

/// <summary>What sends token requests where no container provides an <see cref="HttpClient"/>.</summary>
internal static class TokenEndpointTransport
{
    /// <summary>Creates an invoker with connections of its own, to be disposed by the caller.</summary>
    internal static HttpMessageInvoker Create() => new(CreateHandler(), disposeHandler: true);

    /// <summary>Creates the handler: no redirects, no cookies.</summary>
    internal static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),

        // Refreshes are an hour apart. A pooled connection that broke in between would make the outcome of the next one unknown, so
        // connections are kept only as long as a replay may need one.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),

        // Some front ends compress whether asked or not, and an answer that cannot be read costs a rotation.
        AutomaticDecompression = DecompressionMethods.All,
    };
}
