using TokenRefresh.Endpoint;

namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>
/// The library's own transport with a checkpoint between the whole answer and its reader, and two before anything is sent, one of
/// which blocks its thread. None of them heeds a cancellation.
/// </summary>
internal sealed class CheckpointHandler(Checkpoint checkpoint) : DelegatingHandler(TokenEndpointTransport.CreateHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        checkpoint.Reach(Checkpoint.BlockedHandler);
        await checkpoint.ReachAsync(Checkpoint.Handler);
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        await checkpoint.ReachAsync(Checkpoint.Answered);
        return response;
    }
}
