using Recipes;
using Recipes.Support;

// Each recipe makes a call twice: with an access token that the resource rejects, and with one that has expired. It must succeed after
// exactly one refresh. One line per recipe; the exit code is the number of those that fail.
(string Name, Func<Setting, Task<string>> RunAsync)[] recipes =
[
    ("Anthropic, handler", AnthropicHandler.RunAsync),
    ("Anthropic, streaming", AnthropicStreaming.RunAsync),
    ("Anthropic, credentials", AnthropicCredentials.RunAsync),
    ("OpenAI", OpenAi.RunAsync),
    ("Refit", RefitClient.RunAsync),
    ("gRPC", GrpcClient.RunAsync),
    ("SignalR, handler", SignalRHandler.RunAsync),
    ("SignalR, access token provider", SignalRAccessTokenProvider.RunAsync),
    ("Octokit", OctokitClient.RunAsync),
    ("KubernetesClient, handler", KubernetesHandler.RunAsync),
    ("KubernetesClient, token provider", KubernetesTokenProvider.RunAsync),
    ("Kiota, handler", KiotaHandler.RunAsync),
    ("Kiota, access token provider", KiotaAccessTokenProvider.RunAsync),
    ("Model Context Protocol", McpOverHttp.RunAsync),
    ("Resilience inside", ResilienceInside.RunAsync),
    ("Resilience outside", ResilienceOutside.RunAsync),
    ("Hedging", Hedging.RunAsync),
    ("Resilience for all clients", ResilienceForAll.RunAsync),
];

// And these get along without a stored login.
(string Name, Func<Setting, Task<string>> RunAsync, int Requests)[] others =
[
    ("Sign-in", SignIn.RunAsync, 0),
    ("Client credentials", ClientCredentials.RunAsync, 1),
    ("Environment variables", EnvironmentTokens.RunAsync, 0),
];

int failed = 0;
foreach (var recipe in recipes.Where(recipe => args.Length == 0 || args.Contains(recipe.Name)))
{
    string? rejected = await Trial.RunRejectedAsync(recipe.RunAsync);
    string? expired = await Trial.RunExpiredAsync(recipe.RunAsync);
    bool isGood = rejected is null && expired is null;
    failed += isGood ? 0 : 1;
    Console.WriteLine(isGood
        ? $"passed  {recipe.Name}: one refresh for a rejected token, one for an expired one"
        : $"FAILED  {recipe.Name}: rejected token: {rejected ?? "good"}; expired token: {expired ?? "good"}");
}

foreach (var recipe in others.Where(recipe => args.Length == 0 || args.Contains(recipe.Name)))
{
    string? failure = await Trial.RunWithoutLoginAsync(recipe.RunAsync, recipe.Requests);
    failed += failure is null ? 0 : 1;
    Console.WriteLine(failure is null
        ? $"passed  {recipe.Name}: {recipe.Requests} token request{(recipe.Requests == 1 ? "" : "s")} without a stored login"
        : $"FAILED  {recipe.Name}: {failure}");
}

return failed;
