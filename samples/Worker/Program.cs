using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using TokenRefresh;
using TokenRefresh.Testing;
using TokenRefresh.TestKit.Logins;
using Worker;

// In place of a real service: a server on this machine that issues tokens and accepts them, and a file with a login that has expired. Its
// addresses replace those of appsettings.json.
await using SharedLogin login = await SharedLogin.StartExpiredAsync();
HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
{
    Args = args,
    ContentRootPath = AppContext.BaseDirectory,
});
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
{
    ["TokenRefresh:CredentialsPath"] = login.Path,
    ["TokenRefresh:FileFormat"] = "ClaudeCode",
    ["TokenRefresh:TokenEndpoint"] = login.Server.TokenUri.AbsoluteUri,
    ["TokenRefresh:RevocationEndpoint"] = login.Server.RevocationUri.AbsoluteUri,
    ["Reports:Address"] = login.Server.ApiUri.AbsoluteUri,
    ["Reports:Handler:AllowedOrigins:0"] = login.Server.BaseAddress.GetLeftPart(UriPartial.Authority),
});

IConfigurationSection reports = builder.Configuration.GetRequiredSection("Reports");
builder.Services.AddTokenRefresh(builder.Configuration.GetRequiredSection("TokenRefresh"));
builder.Services.AddHttpClient<ReportClient>(client => client.BaseAddress = reports.GetValue<Uri>("Address"))
    .AddTokenRefreshHandler(reports.GetRequiredSection("Handler"));
builder.Services.AddHealthChecks().AddTokenRefreshHealthCheck();
builder.Services.AddOpenTelemetry()
    .WithMetrics(metrics => metrics.AddMeter(TokenRefreshDiagnostics.MeterName).AddConsoleExporter())
    .WithTracing(traces => traces.AddSource(TokenRefreshDiagnostics.ActivitySourceName).AddConsoleExporter());
builder.Services.AddHostedService<ReportWorker>();

// Three reports, and in the middle the server revokes the access token.
builder.Services.AddSingleton(new ReportPlan(Reports: 3, AfterEach: number =>
{
    if (number == 2)
    {
        login.Server.ExpireAllAccessTokens();
    }
}));

await builder.Build().RunAsync();

AuthorizationServerBooks books = login.Books;
Console.WriteLine($"Token requests: {books.TokenRequests}, one for the expiry and one for the revocation. Reuses: {books.Reuses}.");
return Environment.ExitCode == 0 && books is { TokenRequests: 2, Reuses: 0 } ? 0 : 1;
