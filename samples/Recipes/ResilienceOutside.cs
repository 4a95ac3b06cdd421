using Microsoft.Extensions.DependencyInjection;
using Recipes.Support;

namespace Recipes;

internal static class ResilienceOutside
{
    public static async Task<string> RunAsync(Setting setting)
    {
        Uri api = setting.Api;
        IServiceCollection services = setting.CreateServices();
        IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = api);

        #region resilience-outside
        builder.AddStandardResilienceHandler();
        builder.AddTokenRefreshHandler();
        #endregion

        return await ItemCall.SendAsync(setting.Build(services));
    }
}
