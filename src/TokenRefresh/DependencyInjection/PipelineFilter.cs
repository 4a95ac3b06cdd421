using System.Net;
using Microsoft.Extensions.Http;
using TokenRefresh.Endpoint;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Looks at each finished pipeline of <see cref="IHttpClientFactory"/>, also at what <c>ConfigureHttpClientDefaults</c> has put into it.
/// </summary>
internal sealed class PipelineFilter(TokenRefreshRegistry registry) : IHttpMessageHandlerBuilderFilter
{
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(10);

    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        next(builder);

        int handlers = builder.AdditionalHandlers.Count(static handler => handler is BearerTokenHandler);
        if (registry.IsTokenEndpointClient(builder.Name))
        {
            if (handlers > 0)
            {
                throw SelfReferencingHandler(builder.Name!);
            }

            Prepare(builder);
            builder.AdditionalHandlers.Add(new FirstAnswerHandler());
        }
        else if (handlers > 1)
        {
            throw DuplicateHandler(builder.Name);
        }
    };

    /// <summary>Creates the exception for a client that would wait for itself.</summary>
    internal static InvalidOperationException SelfReferencingHandler(string clientName) => new(
        $"The HTTP client '{clientName}' sends token requests, " +
        $"and a {nameof(BearerTokenHandler)} in it would wait for the very token that its request is to bring. " +
        "Call 'AddTokenRefreshHandler' on the clients of your API only.");

    /// <summary>Creates the exception for a client with two of our handlers.</summary>
    internal static InvalidOperationException DuplicateHandler(string? clientName) => new(
        $"The HTTP client '{clientName}' has two of {nameof(BearerTokenHandler)}; " +
        "each would refresh and resend on a 401 that the other has already dealt with. " +
        "Call 'AddTokenRefreshHandler' once per client, and not also in 'ConfigureHttpClientDefaults'.");

    /// <summary>Sets what a token request needs of its primary handler, whichever the program has chosen.</summary>
    private static void Prepare(HttpMessageHandlerBuilder builder)
    {
        HttpMessageHandler handler = builder.PrimaryHandler;
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        try
        {
            switch (handler)
            {
                // A redirect would carry the refresh token elsewhere, and cookies are state that the exchange does not expect.
                // A handler in use refuses any assignment, so only what is wrong is set.
                case SocketsHttpHandler sockets when sockets.AllowAutoRedirect || sockets.UseCookies:
                    sockets.AllowAutoRedirect = false;
                    sockets.UseCookies = false;

                    // A pooled connection that died since the last refresh makes the outcome of the next one unknown; better none is left.
                    if (sockets.PooledConnectionIdleTimeout > LongestIdle)
                    {
                        sockets.PooledConnectionIdleTimeout = LongestIdle;
                    }

                    // LimitedBody does it: where the label is wrong, a handler would throw the answer away.
                    sockets.AutomaticDecompression = DecompressionMethods.None;
                    break;
                case HttpClientHandler client when client.AllowAutoRedirect || client.UseCookies:
                    client.AllowAutoRedirect = false;
                    client.UseCookies = false;
                    client.AutomaticDecompression = DecompressionMethods.None;
                    break;
            }
        }
        catch (InvalidOperationException alreadyUsed)
        {
            throw new InvalidOperationException(
                $"The HTTP client '{builder.Name}' sends token requests through a primary handler that has been used before and follows " +
                "redirects or keeps cookies. " +
                "Give it a handler of its own, or set 'AllowAutoRedirect' and 'UseCookies' of the shared one to false.",
                alreadyUsed);
        }
    }
}
