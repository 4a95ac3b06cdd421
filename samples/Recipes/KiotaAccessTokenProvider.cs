using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class KiotaAccessTokenProvider
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, setting.Api);

        #region kiota-access-token-provider-use
        var provider = new SharedLoginTokens(new ForcedRefreshAdapter(tokens), api.Host);
        var authentication = new BaseBearerTokenAuthenticationProvider(provider);
        using var adapter = new HttpClientRequestAdapter(authentication);
        #endregion

        return await KiotaCall.SendAsync(adapter, api);
    }

    #region kiota-access-token-provider
    private sealed class SharedLoginTokens(ForcedRefreshAdapter adapter, params string[] hosts) : IAccessTokenProvider
    {
        public AllowedHostsValidator AllowedHostsValidator { get; } = new(hosts);

        public async Task<string> GetAuthorizationTokenAsync(
            Uri uri,
            Dictionary<string, object>? additionalAuthenticationContext = null,
            CancellationToken cancellationToken = default)
        {
            if (!AllowedHostsValidator.IsUrlHostValid(uri))
            {
                return "";
            }

            bool isRejected = additionalAuthenticationContext?.ContainsKey("claims") == true;
            return (await adapter.GetTokenAsync(isRejected, cancellationToken)).Value;
        }
    }
    #endregion
}
