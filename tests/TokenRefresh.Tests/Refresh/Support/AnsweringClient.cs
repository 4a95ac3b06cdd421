using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Refresh;

/// <summary>A token endpoint client that answers as a test says.</summary>
internal sealed class AnsweringClient(Func<TokenRequest, ValueTask<TokenEndpointResult>> answer) : ITokenEndpointClient
{
    /// <summary>Grants tokens; by default <c>access-1</c> and <c>refresh-1</c> for an hour.</summary>
    internal AnsweringClient(TokenResponse? response = null)
        : this(request => GrantAsync(request, response))
    {
    }

    internal int Calls { get; private set; }

    public ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        Calls++;
        return answer(request);
    }

    private static async ValueTask<TokenEndpointResult> GrantAsync(TokenRequest request, TokenResponse? response)
    {
        await request.BeforeSendAsync();
        return TokenEndpointResult.Success(response ?? new TokenResponse("access-1", "refresh-1", TimeSpan.FromHours(1)));
    }
}
