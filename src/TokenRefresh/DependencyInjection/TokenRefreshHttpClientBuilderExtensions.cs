using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using TokenRefresh;
using TokenRefresh.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the access token to HTTP clients.</summary>
/// <remarks>
/// Add it before a resilience handler, so that it stands outside: a retry then has the token that was valid when the call began, and the resend after a 401 has retries of its own.
/// In <c>ConfigureHttpClientDefaults</c> it goes to every client except those that send token requests; restrict it by <see cref="BearerTokenHandlerOptions.AllowedOrigins"/> there.
/// The token comes from the <see cref="ITokenProvider"/> the container resolves, so that a fake registered later is used.
/// </remarks>
public static class TokenRefreshHttpClientBuilderExtensions
{
    /// <summary>Adds the token of the unnamed login, or of the only one, to a client's requests.</summary>
    /// <param name="builder">The client, named or typed.</param>
    /// <param name="configure">Sets the handler's options, once per pipeline.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="InvalidOperationException">The client has the handler already, or is the one that sends token requests. What only shows in the finished pipeline is thrown when that is built.</exception>
    public static IHttpClientBuilder AddTokenRefreshHandler(this IHttpClientBuilder builder, Action<BearerTokenHandlerOptions>? configure = null) =>
        Add(builder, null, configure);

    /// <summary>Adds the token of a named login to a client's requests.</summary>
    /// <param name="builder">The client, named or typed.</param>
    /// <param name="name">The login's name.</param>
    /// <param name="configure">Sets the handler's options, once per pipeline.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    /// <exception cref="InvalidOperationException">The client has the handler already, or is the one that sends token requests. What only shows in the finished pipeline is thrown when that is built.</exception>
    public static IHttpClientBuilder AddTokenRefreshHandler(this IHttpClientBuilder builder, string name, Action<BearerTokenHandlerOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Add(builder, name, configure);
    }

    private static IHttpClientBuilder Add(IHttpClientBuilder builder, string? name, Action<BearerTokenHandlerOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        TokenRefreshRegistry registry = TokenRefreshRegistry.GetOrAdd(builder.Services);
        if (registry.IsTokenEndpointClient(builder.Name))
        {
            throw PipelineFilter.Reentrant(builder.Name);
        }

        // The defaults of all clients have no name; a client that gets one handler from there and one of its own is seen by the filter.
        if (builder.Name is not null && !registry.TryAddHandledClient(builder.Name))
        {
            throw PipelineFilter.Twice(builder.Name);
        }

        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter, PipelineFilter>());
        builder.Services.Configure<HttpClientFactoryOptions>(builder.Name, client => client.HttpMessageHandlerBuilderActions.Add(pipeline =>
        {
            // Who gives the token to all clients by default never means the one that fetches it.
            if (builder.Name is null && registry.IsTokenEndpointClient(pipeline.Name))
            {
                return;
            }

            var options = new BearerTokenHandlerOptions();
            configure?.Invoke(options);
            pipeline.AdditionalHandlers.Add(new BearerTokenHandler(ProviderOf(pipeline.Services, name), options));
        }));
        return builder;
    }

    private static ITokenProvider ProviderOf(IServiceProvider services, string? name)
    {
        ITokenProvider? provider = name is null ? services.GetService<ITokenProvider>() : services.GetKeyedService<ITokenProvider>(name);
        return provider ?? throw new InvalidOperationException(name is null
            ? $"No {nameof(ITokenProvider)} is registered. Call 'AddTokenRefresh' on the services."
            : $"No {nameof(ITokenProvider)} is registered under '{name}'. Call 'AddTokenRefresh(\"{name}\", ...)' on the services, or give 'AddTokenRefreshHandler' the name that was used there.");
    }
}
