using System.Globalization;
using System.Text;

namespace TokenRefresh.TestProcess;

/// <summary>
/// Commands that send requests: <c>api n url [method=] [body=] [name=] [send=sync]</c> through a <see cref="BearerTokenHandler"/>,
/// <c>http n url</c> without one, which also warms the HTTP stack up. Synchronous senders block a thread of the pool each.
/// </summary>
internal sealed class HttpCommands(CommandHost host, ProviderRegistry providers)
{
    public void Register()
    {
        host.Add("api", line => SendAsync(providers[line.Name].Http, line));
        host.Add("http", async line =>
        {
            using var http = new HttpClient();
            return await SendAsync(http, line);
        });
    }

    private static async Task<string> SendAsync(HttpClient http, CommandLine line)
    {
        var url = new Uri(line.RequiredWord(1, "the URL"));
        var method = new HttpMethod(line.Settings.GetValueOrDefault("method", "GET"));
        bool isSynchronous = line.Settings.GetValueOrDefault("send") == "sync";
        string? body = line.Settings.GetValueOrDefault("body");
        CallTally tally = await CallTally.RunAsync(line.Count(0), async _ =>
        {
            using var request = new HttpRequestMessage(method, url)
            {
                Content = body is null ? null : new StringContent(body, Encoding.UTF8, "text/plain"),
            };
            using HttpResponseMessage response = isSynchronous ? http.Send(request) : await http.SendAsync(request);
            await response.Content.ReadAsByteArrayAsync();
            return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        });
        return tally.Statuses;
    }
}
