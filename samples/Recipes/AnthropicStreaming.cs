using System.Text;
using Anthropic;
using Anthropic.Core;
using Anthropic.Models.Messages;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class AnthropicStreaming
{
    public static async Task<string> RunAsync(Setting setting)
    {
        using var client = new AnthropicClient(new ClientOptions
        {
            BaseUrl = setting.Api.AbsoluteUri,
            ApiKey = null,
            AuthToken = null,
            Handlers = [new BearerTokenHandler(setting.Tokens)],
        });
        var parameters = new MessageCreateParams
        {
            Model = "claude-sonnet-4-5",
            MaxTokens = 100,
            Messages = [new UserMessageParam { Content = "Hello" }],
        };

        #region anthropic-streaming
        var answer = new StringBuilder();
        await foreach (RawMessageStreamEvent part in client.Messages.CreateStreaming(parameters))
        {
            if (part.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? text))
            {
                answer.Append(text.Text);
            }
        }
        #endregion

        return answer.ToString();
    }
}
