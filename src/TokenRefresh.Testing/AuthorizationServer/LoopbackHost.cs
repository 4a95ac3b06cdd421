using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace TokenRefresh.Testing;

/// <summary>Kestrel on two loopback ports, without configuration files, logging, or a hand on the process's signals.</summary>
internal sealed class LoopbackHost(LoopbackRouter router) : IAsyncDisposable
{
    private WebApplication? _application;
    private Uri? _origin;
    private Uri? _otherOrigin;

    public Uri Origin => _origin ?? throw new InvalidOperationException("The server is not started.");

    public Uri OtherOrigin => _otherOrigin ?? throw new InvalidOperationException("The server is not started.");

    public async Task StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            // Clients are stopped, parked and slow on purpose.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(30);
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        _application = builder.Build();
        _application.Run(router.HandleAsync);
        await _application.StartAsync();
        string[] addresses = [.. _application.Urls];
        _origin = new Uri(addresses[0]);
        _otherOrigin = new Uri(addresses[1]);
        router.OtherPort = _otherOrigin.Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_application is { } application)
        {
            // A cancelled stop is the one that cuts open connections instead of waiting for their requests.
            await application.StopAsync(new CancellationToken(canceled: true));
            await application.DisposeAsync();
        }
    }

    /// <summary>The default lifetime swallows Ctrl+C and SIGTERM, which belong to the program that hosts the server.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
