using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace TokenRefresh.Testing;

/// <summary>Serves <c>POST /token</c>: the script first, then RFC 6749 sections 6 and 4.4.</summary>
internal sealed class TokenEndpoint(
    LoopbackAuthorizationServerOptions options,
    BookKeeper books,
    ProofVerifier proofs,
    SignInEndpoints signIn,
    CancellationToken stopping)
{
    private readonly ConcurrentQueue<TokenEndpointBehavior> _script = new();

    /// <summary>What requests do that find the script empty.</summary>
    public TokenEndpointBehavior Default { get; set; } = TokenEndpointBehavior.Normal;

    public void Enqueue(TokenEndpointBehavior behavior) => _script.Enqueue(behavior);

    public void Clear() => _script.Clear();

    public async Task HandleAsync(HttpContext context)
    {
        books.TokenRequestArrived();
        try
        {
            TokenEndpointBehavior behavior = _script.TryDequeue(out TokenEndpointBehavior? scripted) ? scripted : Default;
            await HandleAsync(context, behavior);
        }
        finally
        {
            books.TokenRequestLeft();
        }
    }

    private async Task HandleAsync(HttpContext context, TokenEndpointBehavior behavior)
    {
        if (behavior.Drop == ConnectionDrop.BeforeProcessing)
        {
            books.TokenRequestNotProcessed(null);
            context.Abort();
            return;
        }

        DateTimeOffset arrivedAt = options.TimeProvider.GetUtcNow();
        (ReceivedTokenRequest request, bool isWellFormed) = await TokenRequestReader.ReadAsync(context.Request, context.RequestAborted);
        request = request with { ArrivedAt = arrivedAt };
        books.TokenRequestReceived(request);
        await DelayAsync(options.Latency + behavior.Delay);
        bool goesOn = behavior.Gate is null || await behavior.Gate.PassAsync(ParkPoint.BeforeProcessing, stopping);
        ScriptedAnswer? answer = null;
        if (goesOn && behavior.IsProcessed)
        {
            ProofVerdict? proof = proofs.IsDemanded ? proofs.Verify(context.Request, accessToken: null) : null;
            answer = WithNonce(Process(request, isWellFormed, proof, behavior));
        }
        else
        {
            books.TokenRequestNotProcessed(request.Parameters.GetValueOrDefault("refresh_token"));
        }

        goesOn = goesOn && (behavior.Gate is null || await behavior.Gate.PassAsync(ParkPoint.AfterProcessing, stopping));
        request.AnsweredAt = options.TimeProvider.GetUtcNow();
        if (!goesOn || behavior.Drop == ConnectionDrop.AfterProcessing)
        {
            context.Abort();
            return;
        }

        await TokenEndpointAnswers.SendAsync(context, behavior.Answer ?? answer!, behavior);
    }

    private async Task DelayAsync(TimeSpan delay)
    {
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, options.TimeProvider, stopping);
        }
    }

    // RFC 9449 section 8.2: an answer of whatever kind may bring the nonce of the next proof.
    private ScriptedAnswer WithNonce(ScriptedAnswer answer)
    {
        if (proofs.NonceToSend() is not { } nonce)
        {
            return answer;
        }

        return answer with { Headers = new Dictionary<string, string>(answer.Headers, StringComparer.Ordinal) { ["DPoP-Nonce"] = nonce } };
    }

    private ScriptedAnswer Process(ReceivedTokenRequest request, bool isWellFormed, ProofVerdict? proof, TokenEndpointBehavior behavior)
    {
        string? refreshToken = request.Parameters.GetValueOrDefault("refresh_token");
        if (proof is { Error: { } refused })
        {
            books.ProofRefused(refused);
            books.TokenRequestRefused(refreshToken, TokenRequestOutcome.ProofRefused);
            return Refuse(refused, proof.Description!);
        }

        if (isWellFormed && TokenRequestReader.IsAuthenticated(request, options) && signIn.Grant(request, proof?.Thumbprint) is { } granted)
        {
            return granted;
        }

        if (FindFault(request, isWellFormed) is var (outcome, error, description))
        {
            books.TokenRequestRefused(refreshToken, outcome);
            return Refuse(error, description);
        }

        LedgerDecision decision = refreshToken is null
            ? books.IssueToClient(proof?.Thumbprint)
            : books.Refresh(refreshToken, behavior.Rotates, proof?.Thumbprint);
        return decision switch
        {
            { Pair: { } pair } =>
                new ScriptedAnswer(
                    200,
                    "application/json",
                    TokenEndpointAnswers.SuccessBody(pair, decision.AccessTokenLifetime, options.RefreshTokenLifetime, behavior.Members)),
            { Outcome: TokenRequestOutcome.Reused } => Refuse("invalid_grant", "The refresh token was used before; the login is revoked."),
            { Outcome: TokenRequestOutcome.Expired } => Refuse("invalid_grant", "The refresh token is expired."),
            { Outcome: TokenRequestOutcome.ProofRefused } => Refuse("invalid_grant", "The refresh token is bound to another key."),
            { Outcome: TokenRequestOutcome.Revoked } => Refuse("invalid_grant", "The login is revoked."),
            _ => Refuse("invalid_grant", "The refresh token is unknown."),
        };
    }

    private (TokenRequestOutcome Outcome, string Error, string Description)? FindFault(ReceivedTokenRequest request, bool isWellFormed)
    {
        if (!isWellFormed)
        {
            return (
                TokenRequestOutcome.InvalidRequest,
                "invalid_request",
                "The body is neither a form nor a JSON object of strings, or repeats a parameter.");
        }

        if (!TokenRequestReader.IsAuthenticated(request, options))
        {
            return (TokenRequestOutcome.InvalidClient, "invalid_client", "Client identification or authentication failed.");
        }

        return request.Parameters.GetValueOrDefault("grant_type") switch
        {
            null => (TokenRequestOutcome.InvalidRequest, "invalid_request", "'grant_type' is missing."),
            not ("refresh_token" or "client_credentials") =>
                (TokenRequestOutcome.InvalidRequest, "unsupported_grant_type", "The grant type is not supported."),
            "refresh_token" when string.IsNullOrEmpty(request.Parameters.GetValueOrDefault("refresh_token")) =>
                (TokenRequestOutcome.InvalidRequest, "invalid_request", "'refresh_token' is missing."),
            _ when request.Parameters.TryGetValue("scope", out string? scope)
                && scope.Split(' ').Except(options.Scopes, StringComparer.Ordinal).Any() =>
                (TokenRequestOutcome.InvalidRequest, "invalid_scope", "The scope exceeds the granted one."),
            _ => null,
        };
    }

    private ScriptedAnswer Refuse(string error, string description)
    {
        bool isClient = error == "invalid_client";
        var answer = new ScriptedAnswer(
            isClient ? 401 : 400,
            "application/json",
            System.Text.Encoding.UTF8.GetBytes(TokenEndpointAnswers.ErrorBody(error, description)));
        return isClient && options.ClientAuthentication == ClientAuthentication.ClientSecretBasic
            ? answer with
            {
                Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["WWW-Authenticate"] = "Basic realm=\"token\"" },
            }
            : answer;
    }
}
