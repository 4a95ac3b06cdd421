namespace TokenRefresh.Tests.Refresh;

/// <summary>What a plug-in does with the library, in a load context of its own.</summary>
internal static class UnloadScenario
{
    /// <summary>Waits in vain for a lock that another holds, or lets two providers share a refresh after one could not connect.</summary>
    public static async Task RunAsync(string path, Uri tokenEndpoint, Uri api, bool isLocked)
    {
        if (isLocked)
        {
            await using CoordinatedTokenProvider waiting = Create(path, tokenEndpoint, seconds: 1);
            await FailsAsync<LockTimeoutException>(waiting);
            return;
        }

        await using CoordinatedTokenProvider one = Create(path, tokenEndpoint);
        await using CoordinatedTokenProvider two = Create(path, tokenEndpoint);

        await using CoordinatedTokenProvider lost = Create(path, new Uri("http://127.0.0.1:1/token"));
        await FailsAsync<TokenEndpointUnavailableException>(lost);
        AccessToken[] tokens = await Task.WhenAll(one.GetAccessTokenAsync().AsTask(), two.GetAccessTokenAsync().AsTask());
        using var http = new HttpClient(new BearerTokenHandler(two) { InnerHandler = new SocketsHttpHandler() });
        (await http.GetAsync(new Uri(api, "always401"))).Dispose();
        if (tokens[0].Value != tokens[1].Value)
        {
            throw new InvalidOperationException("The refresh was not shared.");
        }
    }

    private static CoordinatedTokenProvider Create(string path, Uri tokenEndpoint, int seconds = 20) => CoordinatedTokenProvider.Create(o =>
    {
        (o.CredentialsPath, o.TokenEndpoint, o.ClientId) = (path, tokenEndpoint, "tests");
        o.RefreshTimeout = o.AttemptTimeout = TimeSpan.FromSeconds(seconds);
        o.SaveTimeout = TimeSpan.FromSeconds(seconds);
        o.LockTimeout = TimeSpan.FromSeconds((2 * seconds) + 0.1);
        o.Events.Refreshed = _ => default;
    });

    private static async Task FailsAsync<T>(CoordinatedTokenProvider provider)
        where T : TokenRefreshException
    {
        try
        {
            await provider.GetAccessTokenAsync();
        }
        catch (T)
        {
            return;
        }

        throw new InvalidOperationException($"There was no '{typeof(T).Name}'.");
    }
}
