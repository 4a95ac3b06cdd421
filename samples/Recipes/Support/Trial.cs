using TokenRefresh.Testing;
using TokenRefresh.TestKit.Logins;

namespace Recipes.Support;

/// <summary>Runs a recipe and looks at what the servers have counted.</summary>
internal static class Trial
{
    /// <summary>The stored access token looks valid, and the resource rejects it.</summary>
    public static async Task<string?> RunRejectedAsync(Func<Setting, Task<string>> recipe)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        login.Server.RevokeAccessToken(login.Login.AccessToken);
        return await RunAsync(recipe, login, rejections: 1);
    }

    /// <summary>The stored access token has expired, and so is never sent.</summary>
    public static async Task<string?> RunExpiredAsync(Func<Setting, Task<string>> recipe)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        return await RunAsync(recipe, login, rejections: 0);
    }

    /// <summary>No login is stored.</summary>
    public static async Task<string?> RunWithoutLoginAsync(Func<Setting, Task<string>> recipe, int requests)
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        File.Delete(login.Path);
        return await RunAsync(recipe, login, rejections: 0, requests);
    }

    private static async Task<string?> RunAsync(Func<Setting, Task<string>> recipe, SharedLogin login, int rejections, int requests = 1)
    {
        await using ResourceServer server = await ResourceServer.StartAsync(login.Server);
        await using var setting = new Setting(login, server);
        string answer;
        try
        {
            answer = await recipe(setting).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);
        }
        catch (Exception e)
        {
            return $"{e} (after {server.Rejections} rejections; {login.Books})";
        }

        AuthorizationServerBooks books = login.Books;
        return answer == RestAnswers.Text && (books.TokenRequests, books.Grants, server.Rejections) == (requests, requests, rejections)
            ? null
            : $"answer '{answer}', {server.Rejections} rejections in place of {rejections}; {books}";
    }
}
