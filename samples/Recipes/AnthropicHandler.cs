using Anthropic;
using Anthropic.Core;
using Anthropic.Models.Messages;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class AnthropicHandler
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, setting.Api);

        #region anthropic-handler
        using var client = new AnthropicClient(new ClientOptions
        {
            BaseUrl = api.AbsoluteUri,
            ApiKey = null,
            AuthToken = null,
            Handlers = [new BearerTokenHandler(tokens)],
        });

        Message message = await client.Messages.Create(new MessageCreateParams
        {
            Model = "claude-sonnet-4-5",
            MaxTokens = 100,
            Messages = [new UserMessageParam { Content = "Hello" }],
        });
        #endregion

        return message.Content[0].TryPickText(out TextBlock? text) ? text.Text : "no text";
    }
}
