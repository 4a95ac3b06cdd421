using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime;
using System.Text.Json;
using TokenRefresh;

// What a fresh process compiles until its first request has succeeded.
// Arguments: library, by-hand or by-hand-refreshing; credentials file; token endpoint; API.
string path = args[1];
var tokenEndpoint = new Uri(args[2]);
var api = new Uri(args[3]);
var (methods, assemblies, cpu) = (0, 0, TimeSpan.Zero);
await (args[0] switch
{
    "library" => RequestThroughTheLibraryAsync(),
    "by-hand" => RequestByHandAsync(refreshes: false),
    _ => RequestByHandAsync(refreshes: true),
});
string milliseconds = cpu.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
Console.WriteLine($"counted methods={methods} assemblies={assemblies} cpu={milliseconds}");

// Read before anything is disposed, formatted or printed.
void Measure()
{
    methods = (int)JitInfo.GetCompiledMethodCount();
    cpu = Environment.CpuUsage.TotalTime;
    assemblies = AppDomain.CurrentDomain.GetAssemblies().Length;
}

async Task RequestThroughTheLibraryAsync()
{
    await using CoordinatedTokenProvider provider = CoordinatedTokenProvider.Create(o =>
    {
        o.CredentialsPath = path;
        o.TokenEndpoint = tokenEndpoint;
        o.ClientId = "tests";
    });
    using var http = new HttpClient(new BearerTokenHandler(provider) { InnerHandler = new SocketsHttpHandler() });
    using HttpResponseMessage response = await http.GetAsync(api);
    response.EnsureSuccessStatusCode();
    Measure();
}

// The least that does the same HTTP: no lock, no save, one process.
async Task RequestByHandAsync(bool refreshes)
{
    using var http = new HttpClient(new SocketsHttpHandler());
    using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
    JsonElement login = document.RootElement.GetProperty("claudeAiOauth");
    string accessToken = login.GetProperty("accessToken").GetString()!;
    if (refreshes)
    {
        accessToken = await ExchangeByHandAsync(http, login.GetProperty("refreshToken").GetString()!);
    }

    using var request = new HttpRequestMessage(HttpMethod.Get, api);
    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
    using HttpResponseMessage response = await http.SendAsync(request);
    response.EnsureSuccessStatusCode();
    Measure();
}

async Task<string> ExchangeByHandAsync(HttpClient http, string refreshToken)
{
    using var content = new FormUrlEncodedContent(
    [
        new("grant_type", "refresh_token"),
        new("refresh_token", refreshToken),
        new("client_id", "tests"),
    ]);
    using HttpResponseMessage response = await http.PostAsync(tokenEndpoint, content);
    response.EnsureSuccessStatusCode();
    using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
    return answer.RootElement.GetProperty("access_token").GetString()!;
}
