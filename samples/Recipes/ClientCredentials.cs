using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class ClientCredentials
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (path, tokenEndpoint, api, secret) = (setting.Path, setting.TokenEndpoint, setting.Api, "secret");

        #region client-credentials
        await using var tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = path;
            options.FileFormat = CredentialsFileFormat.FlatOAuth;
            options.TokenEndpoint = tokenEndpoint;
            options.Grant = TokenGrant.ClientCredentials;
            options.ClientId = "nightly-report";
            options.ClientSecret = secret;
            options.ClientAuthentication = ClientAuthentication.ClientSecretPost;
            options.Scope = "user:inference";
        });
        using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });

        string answer = await http.GetStringAsync(new Uri(api, "me"));
        #endregion

        return answer;
    }
}
