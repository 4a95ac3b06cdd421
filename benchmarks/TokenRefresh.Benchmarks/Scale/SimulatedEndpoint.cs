using TokenRefresh.Endpoint;

namespace TokenRefresh.Benchmarks.Scale;

/// <summary>A token endpoint that takes its time, and may be down.</summary>
internal sealed class SimulatedEndpoint(VirtualClock clock, TimeSpan latency, TimeSpan lifetime) : ITokenEndpointClient
{
    private int _pairs;

    internal int Requests { get; set; }

    internal bool IsDown { get; set; }

    internal TimeSpan AnsweredAt { get; private set; }

    public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        await request.BeforeSendAsync(cancellationToken).ConfigureAwait(false);
        Requests++;
        await clock.WaitAsync(latency).ConfigureAwait(false);
        AnsweredAt = clock.Elapsed;
        return IsDown
            ? TokenEndpointResult.Failure(TokenEndpointOutcome.Unavailable, statusCode: 503)
            : TokenEndpointResult.Success(new TokenResponse($"access-{++_pairs}", $"refresh-{_pairs}", lifetime));
    }
}
