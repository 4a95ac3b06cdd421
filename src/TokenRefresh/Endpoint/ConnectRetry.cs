using Polly;
using Polly.Retry;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <summary>Tries a token request again that found no connection.</summary>
/// <remarks>A class of its own, so that a process whose first try succeeds, as nearly all do, does not load Polly.</remarks>
internal static class ConnectRetry
{
    private const int Retries = 2;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);

    /// <param name="client">Tries.</param>
    /// <param name="request">The request.</param>
    /// <param name="invoker">What sends it.</param>
    /// <param name="failure">The first try's failure.</param>
    /// <param name="deadline">Ends the pauses and the tries.</param>
    /// <returns>What the last try gave.</returns>
    internal static async ValueTask<TokenEndpointResult> RunAsync(
        HttpTokenEndpointClient client,
        TokenRequest request,
        HttpMessageInvoker invoker,
        TokenEndpointResult failure,
        CancellationToken deadline)
    {
        // Of objects: Polly validates its options by their attributes, and .NET keeps each type validated so for the whole process. A type
        // of this library in it would keep a plug-in that uses the library from being unloaded.
        var builder = new ResiliencePipelineBuilder<object> { TimeProvider = client.TimeProvider };
        ResiliencePipeline<object> pipeline = builder
            .AddRetry(new RetryStrategyOptions<object>
            {
                ShouldHandle = static tried => ValueTask.FromResult(tried.Outcome.Result is TokenEndpointResult { IsConnectFailure: true }),
                MaxRetryAttempts = Retries,
                Delay = FirstDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                OnRetry = retry =>
                {
                    var failed = retry.Outcome.Result as TokenEndpointResult;
                    Log.ConnectRetrying(client.Logger, client.ShownEndpoint, retry.RetryDelay, failed?.Exception?.Message);
                    return default;
                },
            })
            .Build();

        TokenEndpointResult? last = null;
        try
        {
            return (TokenEndpointResult)await pipeline.ExecuteAsync<object>(
                async again =>
                    last = last is null ? failure : await client.TryAsync(request, invoker, isRetry: true, again).ConfigureAwait(false),
                deadline).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // Why the last try failed tells more than that time is up.
            return last ?? failure;
        }
    }
}
