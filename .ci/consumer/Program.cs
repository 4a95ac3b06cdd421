using System.Runtime.InteropServices;
using Consumer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TokenRefresh;

const int Callers = 8;
var folder = Directory.CreateTempSubdirectory("tokenrefresh-consumer");
using var server = LoopbackServer.Start();
try
{
    await ShareOneRefreshAsync();
    await FakeTheProviderAsync();
    await ConfigureAsync();
    await FindNoServerAsync();
    Console.WriteLine($"consumer: ok on {RuntimeInformation.FrameworkDescription}, library for {Library()}");
    return 0;
}
catch (CheckFailedException failure)
{
    Console.Error.WriteLine($"consumer: {failure.Message}");
    return 1;
}
finally
{
    folder.Delete(recursive: true);
}

// A token from the loopback server, through an HttpClient of the factory.
async Task ShareOneRefreshAsync()
{
    var path = Path.Combine(folder.FullName, ".credentials.json");
    await File.WriteAllTextAsync(
        path, """{"claudeAiOauth":{"accessToken":"access-0","refreshToken":"refresh-0","expiresAt":1000},"kept":true}""");
    var services = new ServiceCollection();
    services.AddTokenRefresh("consumer", o =>
    {
        o.CredentialsPath = path;
        o.TokenEndpoint = new Uri(server.Address, "token");
        o.ClientId = "consumer";
    });
    services.AddHttpClient("api", c => c.BaseAddress = server.Address).AddTokenRefreshHandler("consumer");
    await using var provider = services.BuildServiceProvider();
    var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => http.GetStringAsync("api")));

    Check(answers.All(a => a == "hello access-1"), $"the callers got '{string.Join("', '", answers.Distinct())}'");
    Check(server.Grants == 1, $"{Callers} callers cost {server.Grants} token requests instead of 1");
    var stored = await File.ReadAllTextAsync(path);
    Check(
        stored.Contains("refresh-1", StringComparison.Ordinal) && stored.Contains("\"kept\":true", StringComparison.Ordinal),
        $"the file holds {stored}");
}

// What a consumer's own tests do: a fake registered later wins, and the login needs no options then.
async Task FakeTheProviderAsync()
{
    var grantsBefore = server.Grants;
    var services = new ServiceCollection();
    services.AddTokenRefresh("consumer", _ => { });
    services.AddHttpClient("api", c => c.BaseAddress = server.Address).AddTokenRefreshHandler("consumer");
    services.AddKeyedSingleton<ITokenProvider>("consumer", new StaticTokenProvider("access-fake"));
    await using var provider = services.BuildServiceProvider();
    var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    using var answer = await http.GetAsync(new Uri("whoami", UriKind.Relative));

    Check(await answer.Content.ReadAsStringAsync() == "access-fake", "the fake's token was not sent");
    Check(server.Grants == grantsBefore, "the fake asked the token endpoint");
}

// Both kinds of options from configuration, whose binding must survive trimming.
async Task ConfigureAsync()
{
    var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Login:CredentialsPath"] = Path.Combine(folder.FullName, "absent.json"),
        ["Login:TokenEndpoint"] = new Uri(server.Address, "token").AbsoluteUri,
        ["Login:ClientId"] = "consumer",
        ["Login:FileFormat"] = "codex",
        ["Login:RequestFormat"] = "json",
        ["Login:AttemptTimeout"] = "00:00:07",
        ["Login:AdditionalParameters:audience"] = "api",
        ["Handler:AllowedOrigins:0"] = "https://api.example.com",
        ["Handler:BufferLimit"] = "5",
    }).Build();
    var services = new ServiceCollection();
    services.AddTokenRefresh("consumer", configuration.GetSection("Login"));
    services.AddHttpClient("api").AddTokenRefreshHandler("consumer", configuration.GetSection("Handler"));
    await using var provider = services.BuildServiceProvider();

    var login = provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("consumer");
    var handler = provider.GetRequiredService<IOptionsMonitor<BearerTokenHandlerOptions>>().Get("api");

    Check(login.FileFormat == CredentialsFileFormat.Codex, "the format was not read");
    Check(login is { RequestFormat: TokenRequestFormat.Json, AttemptTimeout.TotalSeconds: 7 }, "the login's options were not read");
    Check(login.AdditionalParameters["audience"] == "api", "the additional parameters were not read");
    Check(handler is { BufferLimit: 5, AllowedOrigins.Count: 1 }, "the handler's options were not read");
    Check(provider.GetRequiredKeyedService<ITokenProvider>("consumer") is CoordinatedTokenProvider, "there is no provider");
}

// Connecting is tried again, by Polly.
async Task FindNoServerAsync()
{
    using var store = new InMemoryCredentialsStore(new OAuthCredentials("access-0", "refresh-0", DateTimeOffset.UnixEpoch));
    await using var tokens = CoordinatedTokenProvider.Create(
        o => (o.TokenEndpoint, o.ClientId) = (new Uri("http://127.0.0.1:1/token"), "consumer"),
        new CoordinatedTokenProviderServices { CredentialsStore = store });

    var failure = "";
    try
    {
        await tokens.GetAccessTokenAsync();
    }
    catch (TokenEndpointUnavailableException e)
    {
        failure = e.Message;
    }

    Check(failure.Contains("cannot be reached", StringComparison.Ordinal), $"without a server the error was '{failure}'");
}

static string Library() =>
    typeof(ITokenProvider).Assembly.GetCustomAttributes(typeof(System.Runtime.Versioning.TargetFrameworkAttribute), false)
        .Cast<System.Runtime.Versioning.TargetFrameworkAttribute>().SingleOrDefault()?.FrameworkName ?? "an unknown framework";

static void Check(bool holds, string otherwise)
{
    if (!holds)
    {
        throw new CheckFailedException(otherwise);
    }
}

internal sealed class CheckFailedException(string message) : Exception(message);
