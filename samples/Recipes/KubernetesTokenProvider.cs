using System.Net;
using System.Net.Http.Headers;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class KubernetesTokenProvider
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, setting.Api);

        #region kubernetes-token-provider-use
        var adapter = new ForcedRefreshAdapter(tokens);
        var configuration = new KubernetesClientConfiguration { Host = api.AbsoluteUri, TokenProvider = new SharedLoginTokens(adapter) };
        using var client = new Kubernetes(configuration);

        V1NamespaceList namespaces;
        try
        {
            namespaces = await client.CoreV1.ListNamespaceAsync();
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Unauthorized)
        {
            await adapter.GetTokenAsync(forceRefresh: true);
            namespaces = await client.CoreV1.ListNamespaceAsync();
        }
        #endregion

        return namespaces.Items[0].Name();
    }

    #region kubernetes-token-provider
    private sealed class SharedLoginTokens(ForcedRefreshAdapter adapter) : k8s.Authentication.ITokenProvider
    {
        public async Task<AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken)
        {
            AccessToken token = await adapter.GetTokenAsync(cancellationToken: cancellationToken);
            return new AuthenticationHeaderValue(token.TokenType, token.Value);
        }
    }
    #endregion
}
