using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.Endpoint;

namespace TokenRefresh.DependencyInjection;

/// <summary>Makes a login's provider out of what the container has.</summary>
internal static class ProviderFactory
{
    internal static CoordinatedTokenProvider Create(IServiceProvider services, string name)
    {
        TokenRefreshOptions options = services.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(name);
        return CoordinatedTokenProvider.Create(
            options, ServicesOf(services, name), InvokerOf(services, name), TokenRefreshRegistry.KeyOf(name));
    }

    /// <summary>Gathers what replaces the defaults. All of it is made before the provider, hence disposed after it.</summary>
    internal static CoordinatedTokenProviderServices ServicesOf(IServiceProvider services, string name)
    {
        string? key = TokenRefreshRegistry.KeyOf(name);
        return new CoordinatedTokenProviderServices
        {
            LoggerFactory = services.GetService<ILoggerFactory>(),
            MeterFactory = services.GetService<IMeterFactory>(),
            TimeProvider = services.GetService<TimeProvider>(),
            CredentialsStore = services.GetKeyedService<ICredentialsStore>(key),
            TokenEndpointClient = services.GetKeyedService<ITokenEndpointClient>(key),
            TokenErrorClassifier = services.GetKeyedService<ITokenErrorClassifier>(key),
        };
    }

    /// <summary>
    /// Returns what gives each exchange a client fresh from the factory, which replaces its handlers from time to time. The result need not
    /// be disposed.
    /// </summary>
    internal static Func<HttpMessageInvoker> InvokerOf(IServiceProvider services, string name)
    {
        IHttpClientFactory factory = services.GetRequiredService<IHttpClientFactory>();
        string clientName = TokenRefreshRegistry.ClientNameOf(name);
        return () => factory.CreateClient(clientName);
    }

    /// <summary>Tells whether a part of a login is registered, without making it.</summary>
    /// <returns><see langword="true"/> also where the container cannot tell: the provider checks again with the parts in hand.</returns>
    internal static bool Has<T>(IServiceProvider services, string name) =>
        services.GetService<IServiceProviderIsKeyedService>() is not { } registered
        || registered.IsKeyedService(typeof(T), TokenRefreshRegistry.KeyOf(name));
}
