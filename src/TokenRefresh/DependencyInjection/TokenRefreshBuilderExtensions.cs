using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using TokenRefresh;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Endpoint;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Shorter forms of what <see cref="ITokenRefreshBuilder"/> offers.</summary>
public static class TokenRefreshBuilderExtensions
{
    /// <summary>
    /// Configures the HTTP client that sends the token requests: a proxy, a client certificate, headers, further handlers.
    /// </summary>
    /// <param name="builder">The login.</param>
    /// <param name="configure">
    /// Configures the client. Redirects and cookies are switched off in whatever primary handler it ends up with.
    /// </param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// The client is asked of <see cref="IHttpClientFactory"/> for each exchange. A handler that sends a request twice fails: the body of a
    /// token request can be written once. The factory's own logs are off, since at Trace level they hand header values to structured
    /// loggers; <c>AddDefaultLogger</c> brings them back.
    /// </remarks>
    public static ITokenRefreshBuilder ConfigureTokenEndpointClient(this ITokenRefreshBuilder builder, Action<IHttpClientBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        configure(builder.Services.AddHttpClient(TokenRefreshRegistry.ClientNameOf(builder.Name)));
        return builder;
    }

    /// <summary>
    /// Takes the access token of the first of these environment variables that is set, and the login only if none is. Read here, once.
    /// </summary>
    /// <param name="builder">The login.</param>
    /// <param name="variables">The variables; an earlier one goes before a later one.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// As by <see cref="EnvironmentTokenProvider"/>. Where a variable is set, the login's options need not be complete, and its
    /// <see cref="CoordinatedTokenProvider"/> is what it was: this concerns its <see cref="ITokenProvider"/>.
    /// </remarks>
    /// <exception cref="TokenRefreshConfigurationException">The variable is empty or blank, or holds what no HTTP header may carry.
    /// </exception>
    public static ITokenRefreshBuilder PreferEnvironment(this ITokenRefreshBuilder builder, params TokenVariable[] variables)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (EnvironmentTokenProvider.TryCreate(variables) is not null)
        {
            builder.Services.AddKeyedSingleton(
                TokenRefreshRegistry.KeyOf(builder.Name),
                (provider, _) => EnvironmentTokenProvider.TryCreate(variables, provider.GetService<ILoggerFactory>())!);
        }

        return builder;
    }

    /// <summary>Keeps the login in a store other than the file.</summary>
    /// <param name="builder">The login.</param>
    /// <param name="store">The store. The caller disposes it, after the container.</param>
    /// <returns>The same builder.</returns>
    public static ITokenRefreshBuilder UseStore(this ITokenRefreshBuilder builder, ICredentialsStore store) => Use(builder, store);

    /// <inheritdoc cref="UseStore(ITokenRefreshBuilder, ICredentialsStore)"/>
    /// <typeparam name="TStore">The store; made by the container, once, and disposed by it.</typeparam>
    public static ITokenRefreshBuilder UseStore<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TStore>(
        this ITokenRefreshBuilder builder)
        where TStore : class, ICredentialsStore => Use<ICredentialsStore, TStore>(builder);

    /// <summary>Exchanges refresh tokens by other means than RFC 6749 over HTTP.</summary>
    /// <param name="builder">The login.</param>
    /// <param name="client">The client. The caller disposes it, after the container.</param>
    /// <returns>The same builder.</returns>
    public static ITokenRefreshBuilder UseTokenEndpointClient(this ITokenRefreshBuilder builder, ITokenEndpointClient client) =>
        Use(builder, client);

    /// <inheritdoc cref="UseTokenEndpointClient(ITokenRefreshBuilder, ITokenEndpointClient)"/>
    /// <typeparam name="TClient">The client; made by the container, once, and disposed by it.</typeparam>
    public static ITokenRefreshBuilder UseTokenEndpointClient<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TClient>(
        this ITokenRefreshBuilder builder)
        where TClient : class, ITokenEndpointClient => Use<ITokenEndpointClient, TClient>(builder);

    /// <summary>Reads the token endpoint's errors in a dialect of its own.</summary>
    /// <param name="builder">The login.</param>
    /// <param name="classifier">The classifier.</param>
    /// <returns>The same builder.</returns>
    public static ITokenRefreshBuilder UseTokenErrorClassifier(this ITokenRefreshBuilder builder, ITokenErrorClassifier classifier) =>
        Use(builder, classifier);

    /// <inheritdoc cref="UseTokenErrorClassifier(ITokenRefreshBuilder, ITokenErrorClassifier)"/>
    /// <typeparam name="TClassifier">The classifier; made by the container, once.</typeparam>
    public static ITokenRefreshBuilder UseTokenErrorClassifier<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TClassifier>(
        this ITokenRefreshBuilder builder)
        where TClassifier : class, ITokenErrorClassifier => Use<ITokenErrorClassifier, TClassifier>(builder);

    private static ITokenRefreshBuilder Use<T>(ITokenRefreshBuilder builder, T part)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(part);

        // As an instance, which a container never disposes.
        builder.Services.AddKeyedSingleton(TokenRefreshRegistry.KeyOf(builder.Name), part);
        return builder;
    }

    private static ITokenRefreshBuilder Use<
        T, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TPart>(
        ITokenRefreshBuilder builder)
        where T : class
        where TPart : class, T
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddKeyedSingleton<T, TPart>(TokenRefreshRegistry.KeyOf(builder.Name));
        return builder;
    }
}
