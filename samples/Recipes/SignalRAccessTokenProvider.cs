using System.Net;
using Microsoft.AspNetCore.SignalR.Client;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class SignalRAccessTokenProvider
{
    public static async Task<string> RunAsync(Setting setting)
    {
        CoordinatedTokenProvider tokens = setting.Tokens;
        var hub = new Uri(setting.Api, "hub");

        #region signalr-access-token-provider
        var adapter = new ForcedRefreshAdapter(tokens);
        await using HubConnection connection = new HubConnectionBuilder()
            .WithUrl(hub, options => options.AccessTokenProvider = async () => (await adapter.GetTokenAsync()).Value)
            .Build();

        try
        {
            await connection.StartAsync();
        }
        catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.Unauthorized)
        {
            await adapter.GetTokenAsync(forceRefresh: true);
            await connection.StartAsync();
        }
        #endregion

        return await connection.InvokeAsync<string>("Answer");
    }
}
