using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Endpoint;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Registers the parts of one login under its key, where the container disposes them after the provider that was made with them.
/// </summary>
internal sealed class TokenRefreshBuilder(IServiceCollection services, string name) : ITokenRefreshBuilder
{
    public IServiceCollection Services => services;

    public string Name => name;

    public ITokenRefreshBuilder UseStore(Func<IServiceProvider, ICredentialsStore> factory) => Use(factory);

    public ITokenRefreshBuilder UseTokenEndpointClient(Func<IServiceProvider, ITokenEndpointClient> factory) => Use(factory);

    public ITokenRefreshBuilder UseTokenErrorClassifier(Func<IServiceProvider, ITokenErrorClassifier> factory) => Use(factory);

    private TokenRefreshBuilder Use<T>(Func<IServiceProvider, T> factory)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(factory);
        services.AddKeyedSingleton(TokenRefreshRegistry.KeyOf(name), (provider, _) => factory(provider));
        return this;
    }
}
