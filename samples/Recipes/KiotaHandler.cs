using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class KiotaHandler
{
    public static async Task<string> RunAsync(Setting setting)
    {
        CoordinatedTokenProvider tokens = setting.Tokens;

        #region kiota-handler
        using HttpClient http = KiotaClientFactory.Create([new BearerTokenHandler(tokens), .. KiotaClientFactory.CreateDefaultHandlers()]);
        using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http);
        #endregion

        return await KiotaCall.SendAsync(adapter, setting.Api);
    }
}
