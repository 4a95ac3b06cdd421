using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Endpoint;

namespace TokenRefresh.DependencyInjection;

/// <summary>Registers the parts of one login under its key, where the container disposes them after the provider that was made with them.</summary>
internal sealed class TokenRefreshBuilder : ITokenRefreshBuilder
{
    public TokenRefreshBuilder(IServiceCollection services, string name)
    {
        Services = services;
        Name = name;
    }

    public IServiceCollection Services { get; }

    public string Name { get; }

    public ITokenRefreshBuilder UseStore(Func<IServiceProvider, ICredentialsStore> factory) => Use(factory);

    public ITokenRefreshBuilder UseTokenEndpointClient(Func<IServiceProvider, ITokenEndpointClient> factory) => Use(factory);

    public ITokenRefreshBuilder UseTokenErrorClassifier(Func<IServiceProvider, ITokenErrorClassifier> factory) => Use(factory);

    private TokenRefreshBuilder Use<T>(Func<IServiceProvider, T> factory)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(factory);
        Services.AddKeyedSingleton(TokenRefreshRegistry.KeyOf(Name), (services, _) => factory(services));
        return this;
    }
}
