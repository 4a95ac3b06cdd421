using TokenRefresh.Endpoint;

namespace TokenRefresh.Benchmarks;

/// <summary>A token endpoint without a network. It announces each request as a real client does, so that the attempt is noted.</summary>
internal sealed class InMemoryEndpoint(TimeSpan lifetime, Func<Task>? exchangeAsync = null) : ITokenEndpointClient
{
    private long _pairs;

    /// <summary>Gets how many it has answered.</summary>
    internal long Exchanges => Interlocked.Read(ref _pairs);

    public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        await request.BeforeSendAsync(cancellationToken);
        if (exchangeAsync is not null)
        {
            await exchangeAsync();
        }

        // As long as real ones, and never the same twice.
        string number = Interlocked.Increment(ref _pairs).ToString("D12", System.Globalization.CultureInfo.InvariantCulture);
        return TokenEndpointResult.Success(new TokenResponse(
            $"access-token-of-an-ordinary-length-{number}-0123456789abcdef",
            $"refresh-token-of-an-ordinary-length-{number}-0123456789abcdef",
            lifetime));
    }
}
