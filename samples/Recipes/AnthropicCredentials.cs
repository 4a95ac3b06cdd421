using Anthropic;
using Anthropic.Core;
using Anthropic.Credentials;
using Anthropic.Models.Messages;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class AnthropicCredentials
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, setting.Api);

        #region anthropic-credentials-use
        using var client = new AnthropicClient(new ClientOptions
        {
            BaseUrl = api.AbsoluteUri,
            Credentials = new SharedLoginCredentials(new ForcedRefreshAdapter(tokens)),
        });
        #endregion

        Message message = await client.Messages.Create(new MessageCreateParams
        {
            Model = "claude-sonnet-4-5",
            MaxTokens = 100,
            Messages = [new UserMessageParam { Content = "Hello" }],
        });
        return message.Content[0].TryPickText(out TextBlock? text) ? text.Text : "no text";
    }

    #region anthropic-credentials
    private sealed class SharedLoginCredentials(ForcedRefreshAdapter adapter) : IAccessTokenProvider
    {
        public async ValueTask<Anthropic.Credentials.AccessToken> GetTokenAsync(
            bool forceRefresh = false, CancellationToken cancellationToken = default)
        {
            TokenRefresh.AccessToken token = await adapter.GetTokenAsync(forceRefresh, cancellationToken);
            return new(token.Value, token.ExpiresAt?.ToUnixTimeSeconds());
        }

        public void Dispose()
        {
        }
    }
    #endregion
}
