using System.Net;
using Microsoft.Extensions.Http;
using TokenRefresh.Endpoint;

namespace TokenRefresh.DependencyInjection;

/// <summary>Looks at each finished pipeline of <see cref="IHttpClientFactory"/>, whoever put it together, also from <c>ConfigureHttpClientDefaults</c>.</summary>
internal sealed class PipelineFilter : IHttpMessageHandlerBuilderFilter
{
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(10);

    private readonly TokenRefreshRegistry _registry;

    public PipelineFilter(TokenRefreshRegistry registry) => _registry = registry;

    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        next(builder);

        int handlers = builder.AdditionalHandlers.Count(handler => handler is BearerTokenHandler);
        if (_registry.IsTokenEndpointClient(builder.Name))
        {
            if (handlers > 0)
            {
                throw Reentrant(builder.Name!);
            }

            Prepare(builder);
            builder.AdditionalHandlers.Add(new FirstAnswerHandler());
        }
        else if (handlers > 1)
        {
            throw Twice(builder.Name);
        }
    };

    /// <summary>The failure of a client that would wait for itself.</summary>
    /// <param name="clientName">The client's name.</param>
    /// <returns>The exception to throw.</returns>
    public static InvalidOperationException Reentrant(string clientName) => new(
        $"The HTTP client '{clientName}' sends token requests, and a {nameof(BearerTokenHandler)} in it would wait for the very token that its request is to bring. " +
        "Call 'AddTokenRefreshHandler' on the clients of your API only.");

    /// <summary>The failure of a client with two of our handlers.</summary>
    /// <param name="clientName">The client's name; <see langword="null"/> for the defaults of all clients.</param>
    /// <returns>The exception to throw.</returns>
    public static InvalidOperationException Twice(string? clientName) => new(
        $"The HTTP client '{clientName}' has two of {nameof(BearerTokenHandler)}; each would refresh and resend on a 401 that the other has already dealt with. " +
        "Call 'AddTokenRefreshHandler' once per client, and not also in 'ConfigureHttpClientDefaults'.");

    /// <summary>Sees to what every token request needs of its primary handler, whichever the program has chosen.</summary>
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
                case SocketsHttpHandler sockets:
                    Prepare(sockets);
                    break;
                case HttpClientHandler client:
                    Prepare(client);
                    break;
            }
        }
        catch (InvalidOperationException alreadyUsed)
        {
            throw new InvalidOperationException(
                $"The HTTP client '{builder.Name}' sends token requests through a primary handler that has been used before and follows redirects or keeps cookies. " +
                "Give it a handler of its own, or set 'AllowAutoRedirect' and 'UseCookies' of the shared one to false.",
                alreadyUsed);
        }
    }

    private static void Prepare(SocketsHttpHandler handler)
    {
        // A redirect would carry the refresh token elsewhere; a cookie jar is shared state nobody asked for. A handler in use refuses any assignment, so only what is wrong is set.
        if (handler.AllowAutoRedirect || handler.UseCookies)
        {
            handler.AllowAutoRedirect = false;
            handler.UseCookies = false;

            // A pooled connection that died since the last refresh makes the outcome of the next one unknown; better none is left.
            handler.PooledConnectionIdleTimeout = TimeSpan.FromTicks(Math.Min(handler.PooledConnectionIdleTimeout.Ticks, LongestIdle.Ticks));

            // Some servers compress unasked, and an answer that cannot be read costs a rotation.
            handler.AutomaticDecompression = DecompressionMethods.All;
        }
    }

    private static void Prepare(HttpClientHandler handler)
    {
        if (handler.AllowAutoRedirect || handler.UseCookies)
        {
            handler.AllowAutoRedirect = false;
            handler.UseCookies = false;
            handler.AutomaticDecompression = DecompressionMethods.All;
        }
    }
}
