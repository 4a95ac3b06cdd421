using Microsoft.Extensions.DependencyInjection;
using TokenRefresh;
using TokenRefresh.PostgreSql;

// With TOKENREFRESH_POSTGRESQL, a connection string: a login is stored, read and removed. Without it the server cannot be reached, and the
// error is typed and quotes no password.
string? server = Environment.GetEnvironmentVariable("TOKENREFRESH_POSTGRESQL");
string name = $"consumer-{Environment.ProcessId}";
var services = new ServiceCollection();
services
    .AddTokenRefresh(options =>
    {
        options.TokenEndpoint = new Uri("https://127.0.0.1:9/token");
        options.ClientId = "consumer";
    })
    .UsePostgreSql(
        string.IsNullOrEmpty(server) ? "Host=127.0.0.1;Port=9;Username=u;Password=top-secret;Timeout=2" : server,
        options => (options.Name, options.CreateTable) = (name, true));
await using ServiceProvider container = services.BuildServiceProvider();
var provider = container.GetRequiredService<CoordinatedTokenProvider>();
try
{
    await provider.StoreAsync(new OAuthCredentials("access", "refresh", DateTimeOffset.UtcNow.AddHours(1)));
    var store = container.GetRequiredService<ICredentialsStore>();
    bool isStored = (await store.ReadAsync())?.RefreshToken == "refresh" && (await provider.GetAccessTokenAsync()).Value == "access";
    await provider.RemoveAsync();
    Console.WriteLine($"consumer: {(isStored ? "stored and read" : "not stored")} in {store.Location}");
    return isStored && await store.ReadAsync() is null && !string.IsNullOrEmpty(server) ? 0 : 1;
}
catch (TokenRefreshException e) when (string.IsNullOrEmpty(server))
{
    Console.WriteLine($"consumer: without a server, {e.GetType().Name}: {e.Message}");
    return e.IsTransient && !e.ToString().Contains("top-secret", StringComparison.Ordinal) ? 0 : 1;
}
