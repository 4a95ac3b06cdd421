using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class OpenAi
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, setting.Api);

        #region openai-use
        using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });
        var options = new OpenAIClientOptions { Endpoint = new Uri(api, "v1"), Transport = new HttpClientPipelineTransport(http) };
        options.AddPolicy(new WithoutApiKey(), PipelinePosition.BeforeTransport);
        var client = new ChatClient("gpt-5", new ApiKeyCredential("not used"), options);

        ChatCompletion completion = await client.CompleteChatAsync("Hello");
        #endregion

        return completion.Content[0].Text;
    }

    #region openai
    private sealed class WithoutApiKey : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Remove("Authorization");
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Remove("Authorization");
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
    #endregion
}
