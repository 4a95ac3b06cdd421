using System.Net;
using System.Net.WebSockets;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace TokenRefresh.Tests.Http;

/// <summary>A <see cref="ClientWebSocket"/> begins with a request, which the handler authorizes like any other.</summary>
public sealed class WebSocketTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_rejected_handshake_is_made_again_with_another_token(int version)
    {
        var seen = new List<string>();
        await using WebApplication server = await StartAsync(version, seen);
        using var http = new HttpMessageInvoker(
            new BearerTokenHandler(new RotatingTokens(), new BearerTokenHandlerOptions { AllowedOrigins = { server.Urls.Single() } })
            {
                InnerHandler = new SocketsHttpHandler(),
            });
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = version == 1 ? HttpVersion.Version11 : HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        await socket.ConnectAsync(new UriBuilder(server.Urls.Single()) { Scheme = "ws" }.Uri, http, CancellationToken.None);

        socket.State.Should().Be(WebSocketState.Open);
        seen.Should().Equal("Bearer T1", "Bearer T2");
    }

    private static async Task<WebApplication> StartAsync(int version, List<string> seen)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, listener => listener.Protocols = version == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2));
        WebApplication server = builder.Build();
        server.UseWebSockets();
        server.Run(async context =>
        {
            seen.Add(context.Request.Headers.Authorization.ToString());
            if (seen.Count == 1)
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return;
            }

            using WebSocket accepted = await context.WebSockets.AcceptWebSocketAsync();
            await accepted.ReceiveAsync(Memory<byte>.Empty, context.RequestAborted);
        });
        await server.StartAsync();
        return server;
    }
}
