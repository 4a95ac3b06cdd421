using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>Containers as strict as those of a host in development.</summary>
internal static class Containers
{
    public static ServiceProvider Build(Action<IServiceCollection> register)
    {
        var services = new ServiceCollection();
        register(services);
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
    }

    public static HttpClient Client(this IServiceProvider services, string name) =>
        services.GetRequiredService<IHttpClientFactory>().CreateClient(name);
}
