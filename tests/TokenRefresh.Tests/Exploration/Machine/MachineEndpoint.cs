using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>The token endpoint: two calls, between which the answer is awaited.</summary>
internal sealed class MachineEndpoint(Run run) : ITokenEndpointClient
{
    public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        await request.BeforeSendAsync(cancellationToken);
        string next = run.Call($"sends {request.RefreshToken}", () => run.World.Send(run.Process, request.RefreshToken));
        run.Call("gets the answer", () => true);
        return TokenEndpointResult.Success(new TokenResponse($"access-{next}", next, MachineContent.Lifetime));
    }
}
