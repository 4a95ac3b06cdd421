using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using TokenRefresh;
using TokenRefresh.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers shared logins.</summary>
/// <remarks>
/// Each login is a singleton <see cref="CoordinatedTokenProvider"/>, also as <see cref="ITokenProvider"/>: keyed by its name, or without a
/// key if it has none; the only one resolves without a key even if it is named. A registration of <see cref="ITokenProvider"/> that is
/// there before, or comes later, takes precedence, so that tests can put in a fake; the options of the login need not be valid then. Calls
/// with the same name add up: their settings apply in order. The options are validated when a host starts, else when the provider is first
/// resolved, with an <see cref="OptionsValidationException"/> that tells all failures at once.
/// </remarks>
public static class TokenRefreshServiceCollectionExtensions
{
    /// <summary>Registers the login of this program, without a name.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>A builder for what is not an option.</returns>
    /// <example>
    /// <code>
    /// services.AddTokenRefresh(options =>
    /// {
    ///     options.CredentialsPath = "~/.my-cli/.credentials.json";
    ///     options.TokenEndpoint = new Uri("https://auth.example.com/token");
    ///     options.ClientId = "my-cli";
    /// });
    /// services.AddHttpClient("api").AddTokenRefreshHandler();
    /// </code>
    /// </example>
    public static ITokenRefreshBuilder AddTokenRefresh(this IServiceCollection services, Action<TokenRefreshOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, Options.Options.DefaultName, options => options.Configure(configure));
    }

    /// <summary>Registers a named login, one of several.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The name; case matters.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>A builder for what is not an option.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    public static ITokenRefreshBuilder AddTokenRefresh(this IServiceCollection services, string name, Action<TokenRefreshOptions> configure)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, name, options => options.Configure(configure));
    }

    /// <inheritdoc cref="AddTokenRefresh(IServiceCollection, Action{TokenRefreshOptions})"/>
    public static ITokenRefreshBuilder AddTokenRefresh(
        this IServiceCollection services, Action<IServiceProvider, TokenRefreshOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Add(
            services, Options.Options.DefaultName, options => options.Configure<IServiceProvider>((o, provider) => configure(provider, o)));
    }

    /// <inheritdoc cref="AddTokenRefresh(IServiceCollection, string, Action{TokenRefreshOptions})"/>
    public static ITokenRefreshBuilder AddTokenRefresh(
        this IServiceCollection services, string name, Action<IServiceProvider, TokenRefreshOptions> configure)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, name, options => options.Configure<IServiceProvider>((o, provider) => configure(provider, o)));
    }

    /// <summary>Registers the login of this program, without a name, with options from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">Has the properties of <see cref="TokenRefreshOptions"/> as keys, times as <c>hh:mm:ss</c>, formats by name or
    /// as a section of member names. A key that is unknown, or whose value cannot be read, fails the validation.</param>
    /// <returns>A builder for what is not an option.</returns>
    public static ITokenRefreshBuilder AddTokenRefresh(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, Options.Options.DefaultName, Bind(section));
    }

    /// <inheritdoc cref="AddTokenRefresh(IServiceCollection, string, Action{TokenRefreshOptions})"/>
    /// <inheritdoc cref="AddTokenRefresh(IServiceCollection, IConfiguration)" path="/param[@name='section']"/>
    public static ITokenRefreshBuilder AddTokenRefresh(this IServiceCollection services, string name, IConfiguration section)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, name, Bind(section));
    }

    private static Action<OptionsBuilder<TokenRefreshOptions>> Bind(IConfiguration section) =>
        options => options.Configure(o => ConfigurationBinding.Bind(section, o, options.Name));

    private static TokenRefreshBuilder Add(IServiceCollection services, string name, Action<OptionsBuilder<TokenRefreshOptions>> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<TokenRefreshOptions> options = services.AddOptions<TokenRefreshOptions>(name);
        configure(options);
        TokenRefreshRegistry registry = TokenRefreshRegistry.GetOrAdd(services);
        if (registry.TryAddLogin(name))
        {
            options.ValidateOnStart();
            services.AddSingleton<IValidateOptions<TokenRefreshOptions>>(
                provider => new TokenRefreshOptionsValidator(provider, registry, name));
            AddProvider(services, registry, name);
            AddTokenEndpointClient(services, name);
        }

        return new TokenRefreshBuilder(services, name);
    }

    private static void AddProvider(IServiceCollection services, TokenRefreshRegistry registry, string name)
    {
        if (name.Length > 0)
        {
            services.TryAddKeyedSingleton(name, static (provider, key) => ProviderFactory.Create(provider, (string)key!));
            registry.TryAddTokenProvider(ServiceDescriptor.KeyedSingleton<ITokenProvider>(
                name, static (provider, key) => provider.GetRequiredKeyedService<CoordinatedTokenProvider>(key)));
        }

        // Which login is meant without a key is only known once all are registered.
        services.TryAddSingleton(static provider => provider.GetRequiredService<TokenRefreshRegistry>().SoleLogin() is { Length: > 0 } sole
            ? provider.GetRequiredKeyedService<CoordinatedTokenProvider>(sole)
            : ProviderFactory.Create(provider, Options.Options.DefaultName));
        registry.TryAddTokenProvider(ServiceDescriptor.Singleton(
            static provider => provider.GetRequiredService<TokenRefreshRegistry>().SoleLogin() is { Length: > 0 } sole
                ? provider.GetRequiredKeyedService<ITokenProvider>(sole)
                : provider.GetRequiredService<CoordinatedTokenProvider>()));
    }

    private static void AddTokenEndpointClient(IServiceCollection services, string name)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter, PipelineFilter>());
        services.AddHttpClient(TokenRefreshRegistry.ClientNameOf(name))

            // The provider has time-outs of its own, which know whether the refresh token has left.
            .ConfigureHttpClient(static client => client.Timeout = Timeout.InfiniteTimeSpan)

            // RedactLoggedHeaders only blanks the text of the factory's logs: the values of Trace's structured state stay as they are,
            // and loggers of the program's defaults may write bodies.
            // The provider logs each exchange itself; ConfigureTokenEndpointClient can add the factory's logs.
            .RemoveAllLoggers();
    }
}
