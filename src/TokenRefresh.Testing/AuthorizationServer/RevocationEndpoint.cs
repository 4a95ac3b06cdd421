using Microsoft.AspNetCore.Http;

namespace TokenRefresh.Testing;

/// <summary>
/// Serves <c>POST /revoke</c> (RFC 7009): revoking either token of a pair revokes its family, and an unknown token is no error.
/// </summary>
internal sealed class RevocationEndpoint(LoopbackAuthorizationServerOptions options, TokenLedger ledger, BookKeeper books)
{
    public async Task HandleAsync(HttpContext context)
    {
        books.Update(entry => entry with { RevocationRequests = entry.RevocationRequests + 1 });
        (ReceivedTokenRequest request, bool isWellFormed) = await TokenRequestReader.ReadAsync(context.Request, context.RequestAborted);
        string? token = request.Parameters.GetValueOrDefault("token");
        if (!isWellFormed || string.IsNullOrEmpty(token))
        {
            await RefuseAsync(context, 400, "invalid_request", "'token' is missing.");
        }
        else if (!TokenRequestReader.IsAuthenticated(request, options))
        {
            await RefuseAsync(context, 401, "invalid_client", "Client identification or authentication failed.");
        }
        else if (ledger.FindFamily(token) is { IsRevoked: false } family)
        {
            ledger.RevokeFamily(family);
            books.Update(entry => entry with { FamiliesRevokedByClient = entry.FamiliesRevokedByClient + 1 });
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string error, string description) =>
        TokenEndpointAnswers.SendAsync(
            context,
            new ScriptedAnswer(
                status,
                "application/json",
                System.Text.Encoding.UTF8.GetBytes(TokenEndpointAnswers.ErrorBody(error, description))),
            TokenEndpointBehavior.Normal);
}
