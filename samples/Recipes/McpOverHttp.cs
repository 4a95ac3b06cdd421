using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class McpOverHttp
{
    public static async Task<string> RunAsync(Setting setting)
    {
        CoordinatedTokenProvider tokens = setting.Tokens;
        var server = new Uri(setting.Api, "mcp");

        #region mcp
        var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });
        await using var transport = new HttpClientTransport(
            new HttpClientTransportOptions { Endpoint = server }, http, ownsHttpClient: true);
        await using McpClient client = await McpClient.CreateAsync(transport);

        CallToolResult result = await client.CallToolAsync("answer");
        #endregion

        return result.Content.OfType<TextContentBlock>().Single().Text;
    }
}
