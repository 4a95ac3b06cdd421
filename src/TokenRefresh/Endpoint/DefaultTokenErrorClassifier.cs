namespace TokenRefresh.Endpoint;

/// <summary>What the answers of real servers mean for the refresh token. Total: every answer has a meaning.</summary>
internal sealed class DefaultTokenErrorClassifier : ITokenErrorClassifier
{
    internal static readonly DefaultTokenErrorClassifier Instance = new();

    private DefaultTokenErrorClassifier()
    {
    }

    /// <inheritdoc/>
    public TokenEndpointOutcome? Classify(TokenErrorResponse error) => error.StatusCode switch
    {
        // The status comes first: these say that the request was not looked at, whatever a gateway wrote into the body ...
        429 or 503 => TokenEndpointOutcome.Throttled,

        // ... and these may come after the rotation was committed.
        >= 500 => TokenEndpointOutcome.Unknown,
        _ => ByCode(error) ?? ByText(error) ?? ByStatus(error.StatusCode),
    };

    private static TokenEndpointOutcome? ByCode(TokenErrorResponse error) => error.Error switch
    {
        "invalid_grant" => TokenEndpointOutcome.RefreshTokenRejected,

        // Dialects of "this refresh token is dead". Believed for a while only, since no specification stands behind them.
        "refresh_token_reused" or "refresh_token_expired" or "refresh_token_invalidated" or "invalid_refresh_token" or "bad_refresh_token" or "token_revoked" => TokenEndpointOutcome.RefreshTokenProbablyRejected,
        "not_found_error" when error.StatusCode == 404 => TokenEndpointOutcome.RefreshTokenProbablyRejected,

        // RFC 6749 section 5.2 means the client by this code and answers 400 or 401. With 403, servers in the field mean the grant: the same client signs in again and goes on.
        "unauthorized_client" when error.StatusCode == 403 => TokenEndpointOutcome.RefreshTokenProbablyRejected,

        // "Grant not found" comes under this code too, so the text is asked first.
        "invalid_request" or "invalid_request_error" => ByText(error) ?? TokenEndpointOutcome.Misconfigured,
        "invalid_client" or "unauthorized_client" or "invalid_scope" or "unsupported_grant_type" or "invalid_target" => TokenEndpointOutcome.Misconfigured,

        "temporarily_unavailable" or "slow_down" or "rate_limit_error" or "overloaded_error" => TokenEndpointOutcome.Throttled,
        "server_error" => TokenEndpointOutcome.Unknown,
        _ => null,
    };

    private static TokenEndpointOutcome? ByText(TokenErrorResponse error) => IsGrantNotFound(error.Error) || IsGrantNotFound(error.ErrorDescription) ? TokenEndpointOutcome.RefreshTokenProbablyRejected : null;

    private static bool IsGrantNotFound(string? text) => text?.Contains("grant not found", StringComparison.OrdinalIgnoreCase) == true;

    // A success that holds neither a pair nor a known error may well have rotated; a 4xx without meaning, such as a gateway's page, has not.
    private static TokenEndpointOutcome ByStatus(int status) => status is >= 200 and < 300 ? TokenEndpointOutcome.Unknown : TokenEndpointOutcome.Unavailable;
}
