using k8s;
using k8s.Models;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class KubernetesHandler
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, setting.Api);

        #region kubernetes
        var configuration = new KubernetesClientConfiguration { Host = api.AbsoluteUri };
        using var client = new Kubernetes(configuration, new BearerTokenHandler(tokens));

        V1NamespaceList namespaces = await client.CoreV1.ListNamespaceAsync();
        #endregion

        return namespaces.Items[0].Name();
    }
}
