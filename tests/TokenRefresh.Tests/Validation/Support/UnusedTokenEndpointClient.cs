using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Validation;

/// <summary>A client that fails the test that uses it; being there is all that is asked of it.</summary>
internal sealed class UnusedTokenEndpointClient : ITokenEndpointClient
{
    public ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("No one was expected to use this client.");
}
