using Microsoft.Extensions.DependencyInjection;
using Recipes.Support;
using Refit;

namespace Recipes;

internal static class RefitClient
{
    public static async Task<string> RunAsync(Setting setting)
    {
        Uri api = setting.Api;
        IServiceCollection services = setting.CreateServices();

        #region refit-use
        services.AddRefitGeneratedClient<IItems>()
            .ConfigureHttpClient(client => client.BaseAddress = api)
            .AddTokenRefreshHandler();
        #endregion

        IItems items = setting.Build(services).GetRequiredService<IItems>();
        return (await items.AddAsync(new Item(RestAnswers.Text))).Name;
    }
}

internal sealed record Item(string Name);

#region refit
[Headers("Authorization: Bearer")]
internal interface IItems
{
    [Post("/items")]
    Task<Item> AddAsync([Body] Item item);
}
#endregion
