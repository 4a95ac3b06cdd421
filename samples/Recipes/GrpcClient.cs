using Grpc.Health.V1;
using Grpc.Net.Client;
using Recipes.Support;
using TokenRefresh;

namespace Recipes;

internal static class GrpcClient
{
    public static async Task<string> RunAsync(Setting setting)
    {
        var (tokens, api) = (setting.Tokens, setting.GrpcApi);

        #region grpc
        using var channel = GrpcChannel.ForAddress(api, new GrpcChannelOptions
        {
            HttpHandler = new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() },
            DisposeHttpClient = true,
        });
        var client = new Health.HealthClient(channel);

        HealthCheckResponse health = await client.CheckAsync(new HealthCheckRequest());
        #endregion

        return health.Status == HealthCheckResponse.Types.ServingStatus.Serving ? RestAnswers.Text : health.Status.ToString();
    }
}
