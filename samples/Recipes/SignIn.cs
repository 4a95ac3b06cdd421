using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class SignIn
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (path, tokenEndpoint, api, cancellationToken) = (setting.Path, setting.TokenEndpoint, setting.Api, CancellationToken.None);
        Task<OAuthCredentials> OpenBrowserAsync(CancellationToken _) => Task.FromResult(setting.SignIn());

        #region sign-in
        await using var tokens = CoordinatedTokenProvider.Create(options =>
        {
            options.CredentialsPath = path;
            options.TokenEndpoint = tokenEndpoint;
            options.ClientId = "my-cli";
            options.SignIn = OpenBrowserAsync;
        });
        using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() })
        {
            Timeout = TimeSpan.FromMinutes(10),
        };

        string answer = await http.GetStringAsync(new Uri(api, "me"), cancellationToken);
        #endregion

        #region sign-in-command
        AccessToken token = await tokens.SignInAsync(OpenBrowserAsync, cancellationToken);
        #endregion

        return setting.IsAccepted(token) ? answer : "rejected";
    }
}
