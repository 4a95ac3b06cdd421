using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh;
using TokenRefresh.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the access token to HTTP clients.</summary>
/// <remarks>
/// Add it before a resilience handler, so that it stands outside: a retry then has the token that was valid when the call began, and the
/// resend after a 401 has retries of its own.
/// In <c>ConfigureHttpClientDefaults</c> it goes to every client except those that send token requests; restrict it by
/// <see cref="BearerTokenHandlerOptions.AllowedOrigins"/> there.
/// The token comes from the <see cref="ITokenProvider"/> the container resolves, so that a fake registered later is used.
/// The options are named after the client. They, and that there is a provider of the name given, are validated when a host starts, else
/// when the client is first created.
/// </remarks>
public static class TokenRefreshHttpClientBuilderExtensions
{
    // The name of the options for the handler of all clients, which are otherwise named after their client.
    private const string AllClients = "TokenRefresh.AllClients";

    /// <summary>Adds the token of the unnamed login, or of the only one, to a client's requests.</summary>
    /// <param name="builder">The client, named or typed.</param>
    /// <param name="configure">Sets the handler's options.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="InvalidOperationException">The client has the handler already, or sends token requests itself; thrown when the
    /// pipeline is built if only that shows it.</exception>
    public static IHttpClientBuilder AddTokenRefreshHandler(
        this IHttpClientBuilder builder, Action<BearerTokenHandlerOptions>? configure = null) =>
        Add(builder, null, configure);

    /// <summary>Adds the token of a named login to a client's requests.</summary>
    /// <param name="builder">The client, named or typed.</param>
    /// <param name="name">The login's name.</param>
    /// <param name="configure">Sets the handler's options.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    /// <exception cref="InvalidOperationException">The client has the handler already, or sends token requests itself; thrown when the
    /// pipeline is built if only that shows it.</exception>
    /// <example>
    /// <code>
    /// services.AddTokenRefresh("work", configuration.GetSection("Work"));
    /// services.AddTokenRefresh("home", configuration.GetSection("Home"));
    /// services.AddHttpClient("api", client => client.BaseAddress = new Uri("https://api.example.com/"))
    ///     .AddTokenRefreshHandler("work", handler => handler.AllowedOrigins.Add("https://api.example.com"))
    ///     .AddHttpMessageHandler(() => new RetryHandler());
    /// </code>
    /// </example>
    public static IHttpClientBuilder AddTokenRefreshHandler(
        this IHttpClientBuilder builder, string name, Action<BearerTokenHandlerOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Add(builder, name, configure);
    }

    /// <summary>Adds the token of the unnamed login, or of the only one, to a client's requests, with options from configuration.</summary>
    /// <param name="builder">The client, named or typed.</param>
    /// <param name="section">Has the properties of <see cref="BearerTokenHandlerOptions"/> as keys; one that is unknown, or whose value
    /// cannot be read, fails the validation.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="InvalidOperationException">The client has the handler already, or sends token requests itself; thrown when the
    /// pipeline is built if only that shows it.</exception>
    public static IHttpClientBuilder AddTokenRefreshHandler(this IHttpClientBuilder builder, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return Add(builder, null, options => ConfigurationBinding.Bind(section, options));
    }

    /// <inheritdoc cref="AddTokenRefreshHandler(IHttpClientBuilder, string, Action{BearerTokenHandlerOptions}?)"/>
    /// <inheritdoc cref="AddTokenRefreshHandler(IHttpClientBuilder, IConfiguration)" path="/param[@name='section']"/>
    public static IHttpClientBuilder AddTokenRefreshHandler(this IHttpClientBuilder builder, string name, IConfiguration section)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(section);
        return Add(builder, name, options => ConfigurationBinding.Bind(section, options));
    }

    private static IHttpClientBuilder Add(IHttpClientBuilder builder, string? name, Action<BearerTokenHandlerOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        TokenRefreshRegistry registry = TokenRefreshRegistry.GetOrAdd(builder.Services);
        if (registry.IsTokenEndpointClient(builder.Name))
        {
            throw PipelineFilter.SelfReferencingHandler(builder.Name);
        }

        // The defaults of all clients have no name; a client that gets one handler from there and one by itself is seen by the filter.
        if (builder.Name is not null && !registry.TryAddHandledClient(builder.Name))
        {
            throw PipelineFilter.DuplicateHandler(builder.Name);
        }

        string optionsName = builder.Name ?? AllClients;
        OptionsBuilder<BearerTokenHandlerOptions> registration = builder.Services.AddOptions<BearerTokenHandlerOptions>(optionsName);
        if (configure is not null)
        {
            registration.Configure(configure);
        }

        registration.ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<BearerTokenHandlerOptions>>(
            services => new BearerTokenHandlerOptionsValidator(services, optionsName, name));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter, PipelineFilter>());
        builder.Services.Configure<HttpClientFactoryOptions>(builder.Name, client => client.HttpMessageHandlerBuilderActions.Add(pipeline =>
        {
            // A handler for all clients is not meant for the one that fetches its token.
            if (builder.Name is null && registry.IsTokenEndpointClient(pipeline.Name))
            {
                return;
            }

            IServiceProvider services = pipeline.Services;

            // First, since its validation says which provider is missing and how to register it.
            BearerTokenHandlerOptions options =
                services.GetRequiredService<IOptionsMonitor<BearerTokenHandlerOptions>>().Get(optionsName);
            ITokenProvider tokens = services.GetRequiredKeyedService<ITokenProvider>(name);
            pipeline.AdditionalHandlers.Add(new BearerTokenHandler(tokens, options, services.GetService<ILoggerFactory>()));
        }));
        return builder;
    }
}
