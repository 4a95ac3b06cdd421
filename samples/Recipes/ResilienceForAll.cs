using Microsoft.Extensions.DependencyInjection;
using Recipes.Support;

namespace Recipes;

internal static class ResilienceForAll
{
    public static async Task<string> RunAsync(Setting setting)
    {
        Uri api = setting.Api;
        IServiceCollection services = setting.CreateServices();

        #region resilience-for-all
        services.ConfigureHttpClientDefaults(defaults => defaults.AddStandardResilienceHandler());
        services.AddHttpClient("api", client => client.BaseAddress = api)
            .AddTokenRefreshHandler();
        #endregion

        return await ItemCall.SendAsync(setting.Build(services));
    }
}
