using Microsoft.Extensions.DependencyInjection;
using Recipes.Support;

namespace Recipes;

internal static class ResilienceInside
{
    public static async Task<string> RunAsync(Setting setting)
    {
        Uri api = setting.Api;
        IServiceCollection services = setting.CreateServices();

        #region resilience-inside
        services.AddHttpClient("api", client => client.BaseAddress = api)
            .AddTokenRefreshHandler()
            .AddStandardResilienceHandler();
        #endregion

        return await ItemCall.SendAsync(setting.Build(services));
    }
}
