using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using TokenRefresh;

// A login that is valid for an hour, so that nothing is sent: the service looks at it, and the check finds it healthy.
string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, ".credentials.json");
long expiry = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds();
await File.WriteAllTextAsync(path, $$"""{"access_token":"a","refresh_token":"r","expires_at":{{expiry}}}""");
HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddTokenRefresh(options =>
{
    options.CredentialsPath = path;
    options.TokenEndpoint = new Uri("https://127.0.0.1:9/token");
    options.ClientId = "consumer";
}).KeepFresh();
builder.Services.AddHealthChecks().AddTokenRefreshHealthCheck();
using IHost host = builder.Build();
await host.StartAsync();
HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
AccessToken token = await host.Services.GetRequiredService<CoordinatedTokenProvider>().GetAccessTokenAsync();
await host.StopAsync();

Console.WriteLine($"consumer: {report.Status}");
return report.Status == HealthStatus.Healthy && token.Value == "a" ? 0 : 1;
