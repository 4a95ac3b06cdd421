using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Testing;

namespace Recipes.Support;

/// <summary>The servers that the client libraries expect, on loopback, behind one check of the access token.</summary>
internal sealed class ResourceServer : IAsyncDisposable
{
    private readonly LoopbackAuthorizationServer _authorization;
    private readonly WebApplication _application;
    private int _rejections;

    private ResourceServer(LoopbackAuthorizationServer authorization)
    {
        _authorization = authorization;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddRouting();
        builder.Services.AddGrpc();
        builder.Services.AddSignalR();
        builder.Services.AddMcpServer().WithHttpTransport().WithTools<ServedTools>();
        _application = builder.Build();
        _application.Use(CheckTokenAsync);
        _application.UseRouting();
        _application.UseWebSockets();
        _application.MapRestAnswers();
        _application.MapGrpcService<ServedHealth>();
        _application.MapHub<ServedHub>("/hub");
        _application.MapMcp("/mcp");
    }

    public Uri Origin => new(_application.Urls.First());

    /// <summary>Gets the origin that speaks HTTP/2 without TLS.</summary>
    public Uri GrpcOrigin => new(_application.Urls.Last());

    /// <summary>Gets how many requests came with a token that the authorization server does not accept.</summary>
    public int Rejections => Volatile.Read(ref _rejections);

    public static async Task<ResourceServer> StartAsync(LoopbackAuthorizationServer authorization)
    {
        var server = new ResourceServer(authorization);
        await server._application.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        // A cancelled stop cuts open connections instead of waiting for their requests.
        await _application.StopAsync(new CancellationToken(canceled: true));
        await _application.DisposeAsync();
    }

    private Task CheckTokenAsync(HttpContext context, RequestDelegate next)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.Ordinal) && _authorization.IsAccepted(header["Bearer ".Length..]))
        {
            return next(context);
        }

        Interlocked.Increment(ref _rejections);
        if (context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true)
        {
            // UNAUTHENTICATED, as gRPC servers say it before the first message.
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "16";
            return Task.CompletedTask;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;

        // The claims are for Kiota: it asks for another token only if the challenge names some.
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\", claims=\"e30=\"";
        return Task.CompletedTask;
    }
}
