namespace TokenRefresh.Endpoint;

/// <summary>What the answers of real servers mean for the refresh token. Every answer gets a meaning.</summary>
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
        _ => ByCode(error) ?? ByText(error) ?? ByStatus(error),
    };

    private static TokenEndpointOutcome? ByCode(TokenErrorResponse error)
    {
        string? code = CodeOf(error.Error);
        if (IsRejection(code))
        {
            return TokenEndpointOutcome.RefreshTokenRejected;
        }

        switch (code)
        {
            // RFC 6749 section 5.2 means the client by this code and answers 400 or 401.
            // With 403, servers mean the grant: the same client signs in again and goes on.
            case "unauthorized_client" when error.StatusCode == 403:
                return TokenEndpointOutcome.RefreshTokenRejected;

            // Also what the same servers say of an address that does not exist, so this is not believed until the next sign-in.
            case "not_found_error" when error.StatusCode == 404:
                return TokenEndpointOutcome.RefreshTokenProbablyRejected;
            case "invalid_client" or "unauthorized_client" or "invalid_scope" or "unsupported_grant_type" or "invalid_target":
                return TokenEndpointOutcome.Misconfigured;
            case "temporarily_unavailable" or "slow_down" or "rate_limit_error" or "rate_limited" or "too_many_requests":
            case "overloaded_error":
                return TokenEndpointOutcome.Throttled;
            case "server_error" or "internal_error" or "internal_server_error":
                return TokenEndpointOutcome.Unknown;
            default:
                // Plain text, or a server that has its codes where others have words.
                string? word = CodeOf(error.ErrorDescription);
                bool isCode = word == "invalid_grant" || word?.Length == error.ErrorDescription?.Length;
                return isCode && IsRejection(word) ? TokenEndpointOutcome.RefreshTokenRejected : null;
        }
    }

    private static bool IsRejection(string? code) => code

        // RFC 6749 section 5.2.
        is "invalid_grant"

        // OpenID Connect Core section 3.1.2.6 and RFC 9470: only the user can go on.
        or "login_required" or "interaction_required" or "consent_required" or "account_selection_required"
        or "insufficient_user_authentication" or "mfa_required"

        // The same in the words of one server, each documented or seen.
        or "refresh_token_reused" or "refresh_token_expired" or "refresh_token_invalidated" or "refresh_token_revoked"
        or "refresh_token_not_found" or "refresh_token_already_used"
        or "invalid_refresh_token" or "bad_refresh_token" or "expired_refresh_token"
        or "session_expired" or "session_not_found"
        or "token_expired" or "expired_token" or "token_revoked";

    // 'invalid_grant: token expired' and 'INVALID_GRANT' are the code too; 'invalid_grant_type' is another one.
    private static string? CodeOf(string? text)
    {
        if (text is null)
        {
            return null;
        }

        ReadOnlySpan<char> trimmed = text.AsSpan().TrimStart();
        int length = 0;
        while (length < trimmed.Length && (char.IsAsciiLetterOrDigit(trimmed[length]) || trimmed[length] == '_'))
        {
            length++;
        }

        return trimmed[..length].ToString().ToLowerInvariant();
    }

    private static TokenEndpointOutcome? ByText(TokenErrorResponse error) =>
        RejectionText.Says(error.Error) || RejectionText.Says(error.ErrorDescription)
            ? TokenEndpointOutcome.RefreshTokenProbablyRejected
            : null;

    private static TokenEndpointOutcome ByStatus(TokenErrorResponse error)
    {
        // A success that holds neither tokens nor a known error may well have rotated.
        if (error.StatusCode is >= 200 and < 300)
        {
            return TokenEndpointOutcome.Unknown;
        }

        // A 4xx without meaning, such as a gateway's page, has not.
        return CodeOf(error.Error) is "invalid_request" or "invalid_request_error"
            ? TokenEndpointOutcome.Misconfigured
            : TokenEndpointOutcome.Unavailable;
    }
}
