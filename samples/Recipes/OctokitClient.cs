using Octokit;
using Octokit.Internal;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class OctokitClient
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, new Uri(setting.Api, "api/v3/"));

        #region octokit
        using var http = new HttpClientAdapter(() => new BearerTokenHandler(tokens)
        {
            InnerHandler = HttpMessageHandlerFactory.CreateDefault(),
        });
        var client = new GitHubClient(new Connection(
            new ProductHeaderValue("my-cli"),
            api,
            new InMemoryCredentialStore(Credentials.Anonymous),
            http,
            new SimpleJsonSerializer()));

        User user = await client.User.Current();
        #endregion

        return user.Login;
    }
}
