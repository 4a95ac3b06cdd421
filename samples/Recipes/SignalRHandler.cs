using System.Net.WebSockets;
using Microsoft.AspNetCore.SignalR.Client;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class SignalRHandler
{
    public static async Task<string> RunAsync(Setting setting)
    {
        CoordinatedTokenProvider tokens = setting.Tokens;
        var hub = new Uri(setting.Api, "hub");

        #region signalr-handler
        using var http = new HttpMessageInvoker(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });
        await using HubConnection connection = new HubConnectionBuilder()
            .WithUrl(hub, options =>
            {
                options.HttpMessageHandlerFactory = inner => new BearerTokenHandler(tokens) { InnerHandler = inner };
                options.WebSocketFactory = async (context, cancellationToken) =>
                {
                    var socket = new ClientWebSocket();
                    await socket.ConnectAsync(context.Uri, http, cancellationToken);
                    return socket;
                };
            })
            .WithAutomaticReconnect()
            .Build();

        await connection.StartAsync();
        #endregion

        return await connection.InvokeAsync<string>("Answer");
    }
}
