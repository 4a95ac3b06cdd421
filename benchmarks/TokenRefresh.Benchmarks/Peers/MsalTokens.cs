using System.Buffers.Text;
using System.Net;
using System.Text;
using Microsoft.Identity.Client;
using Microsoft.Identity.Client.Extensions.Msal;

namespace TokenRefresh.Benchmarks.Peers;

/// <summary>
/// MSAL with one signed-in account whose token is valid: in its own memory, or in the file that several processes share by Extensions.Msal.
/// </summary>
internal sealed class MsalTokens
{
    private static readonly string[] Scopes = ["https://api.example.com/read"];

    private readonly IPublicClientApplication _application;
    private readonly IAccount _account;

    private MsalTokens(IPublicClientApplication application, IAccount account)
    {
        _application = application;
        _account = account;
    }

    internal static async Task<MsalTokens> CreateAsync(string? cacheDirectory)
    {
        IPublicClientApplication application = PublicClientApplicationBuilder.Create("11111111-1111-1111-1111-111111111111")
            .WithAuthority("https://login.microsoftonline.com/22222222-2222-2222-2222-222222222222")
            .WithInstanceDiscovery(false)
            .WithHttpClientFactory(new InMemoryClientFactory())
            .Build();
        if (cacheDirectory is not null)
        {
            StorageCreationProperties storage =
                new StorageCreationPropertiesBuilder("msal.cache", cacheDirectory).WithUnprotectedFile().Build();
            (await MsalCacheHelper.CreateAsync(storage)).RegisterCache(application.UserTokenCache);
        }

        // The one way in without a browser: a refresh token that another program has obtained.
        AuthenticationResult signedIn =
            await ((IByRefreshToken)application).AcquireTokenByRefreshToken(Scopes, "refresh-token").ExecuteAsync();
        return new MsalTokens(application, signedIn.Account);
    }

    internal Task<AuthenticationResult> GetAsync() => _application.AcquireTokenSilent(Scopes, _account).ExecuteAsync();

    private sealed class InMemoryClientFactory : IMsalHttpClientFactory
    {
        // One for all: MSAL asks again for each request, and a client over memory holds nothing.
        private static readonly HttpClient Client = new(new Endpoint());

        public HttpClient GetHttpClient() => Client;
    }

    private sealed class Endpoint : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            const string Claims =
                """
                {"oid":"33333333-3333-3333-3333-333333333333","tid":"22222222-2222-2222-2222-222222222222","sub":"sub",
                "preferred_username":"user@example.com"}
                """;
            string idToken = $"{Encode("""{"alg":"none"}""")}.{Encode(Claims)}.";
            string clientInfo = Encode("""{"uid":"33333333-3333-3333-3333-333333333333","utid":"22222222-2222-2222-2222-222222222222"}""");
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                RequestMessage = request,
                Content = new StringContent(
                    $$"""
                    {"token_type":"Bearer","scope":"{{Scopes[0]}}","expires_in":86400,"access_token":"access-token",
                    "refresh_token":"refresh-token","id_token":"{{idToken}}","client_info":"{{clientInfo}}"}
                    """,
                    Encoding.UTF8,
                    "application/json"),
            });
        }

        private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }
}
