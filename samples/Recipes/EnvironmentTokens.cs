using Microsoft.Extensions.DependencyInjection;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class EnvironmentTokens
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (login, api) = (setting.Tokens, setting.Api);
        Environment.SetEnvironmentVariable("CLAUDE_CODE_OAUTH_TOKEN", setting.SignIn().AccessToken);
        IServiceCollection services = new ServiceCollection();
        string path = setting.Path;

        #region environment
        ITokenProvider tokens =
            EnvironmentTokenProvider.TryCreate([new("CLAUDE_CODE_OAUTH_TOKEN"), new("ANTHROPIC_API_KEY", "x-api-key")]) ?? login;
        using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });

        string answer = await http.GetStringAsync(new Uri(api, "me"));
        #endregion

        #region environment-container
        services.AddTokenRefresh(options => options.CredentialsPath = path)
            .PreferEnvironment(new("CLAUDE_CODE_OAUTH_TOKEN"), new("ANTHROPIC_API_KEY", "x-api-key"));
        #endregion

        AccessToken token = await setting.Build(services).GetRequiredService<ITokenProvider>().GetAccessTokenAsync();
        return setting.IsAccepted(token) ? answer : "rejected";
    }
}
