using Microsoft.Extensions.DependencyInjection;
using Recipes.Support;

namespace Recipes;

internal static class Hedging
{
    public static async Task<string> RunAsync(Setting setting)
    {
        Uri api = setting.Api;
        IServiceCollection services = setting.CreateServices();

        #region hedging
        services.AddHttpClient("api", client => client.BaseAddress = api)
            .AddTokenRefreshHandler()
            .AddStandardHedgingHandler();
        #endregion

        return await ItemCall.SendAsync(setting.Build(services));
    }
}
