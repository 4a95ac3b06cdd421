namespace TokenRefresh.Endpoint;

/// <summary>What the answers of real servers mean for the refresh token. Every answer gets a meaning.</summary>
internal sealed class DefaultTokenErrorClassifier : ITokenErrorClassifier
{
    internal static readonly DefaultTokenErrorClassifier Instance = new();

    private static readonly string[] OtherTokens =
        ["access", "api", "id", "bearer", "csrf", "gateway", "proxy", "security", "service", "auth", "authentication", "device"];

    private DefaultTokenErrorClassifier()
    {
    }

    /// <inheritdoc/>
    public TokenEndpointOutcome? Classify(TokenErrorResponse error) => error.StatusCode switch
    {
        // The status comes first: these say that the request was not looked at, whatever a gateway wrote into the body ...
        429 or 503 => TokenEndpointOutcome.Throttled,

        // ... and these may come after the rotation was committed. A switch of protocols (101) is no answer to a POST.
        >= 500 or < 200 => TokenEndpointOutcome.Unknown,

        // A proxy, or a server that did not take the request: a session that expired is not the user's.
        407 or 408 or 421 or 425 => TokenEndpointOutcome.Unavailable,
        _ => ByCode(error) ?? ByText(error) ?? ByStatus(error),
    };

    // The description too: servers have their codes there, and plain text is one.
    private static TokenEndpointOutcome? ByCode(TokenErrorResponse error)
    {
        // A gateway has tokens of its own, and answers these statuses for them: what it says of one is not said for sure of ours.
        bool isTokenOurs = error.StatusCode is not (401 or 403) || !NamesAnotherToken(error.ErrorDescription);
        return ByCode(error.Error, error.StatusCode, isTokenOurs) ?? ByCode(error.ErrorDescription, error.StatusCode, isTokenOurs);
    }

    private static TokenEndpointOutcome? ByCode(string? text, int status, bool isTokenOurs)
    {
        string? code = CodeOf(text);
        if (IsRejection(code) || (isTokenOurs && IsTokenExpired(code)) || IsInvalidGrant(text))
        {
            return TokenEndpointOutcome.RefreshTokenRejected;
        }

        switch (code)
        {
            // RFC 6749 section 5.2 means the client by this code and answers 400 or 401.
            // With 403, servers mean the grant: the same client signs in again and goes on.
            case "unauthorized_client" when status == 403:
                return TokenEndpointOutcome.RefreshTokenRejected;

            // Also what the same servers say of an address that does not exist, so this is not believed until the next sign-in.
            case "not_found_error" when status == 404:

            // No code is sent with a refresh token, so it is the one in question; it may also be at home at another address of that server.
            case "invalid_code":

            // An administrator may let the user in again.
            case "user_disabled" or "user_not_found":
                return TokenEndpointOutcome.RefreshTokenProbablyRejected;
            case "invalid_scope" or "unsupported_grant_type" or "invalid_target":
                return TokenEndpointOutcome.Misconfigured;
            case "temporarily_unavailable" or "slow_down" or "rate_limit_error" or "rate_limited" or "ratelimited" or "rate_limit_exceeded":
            case "too_many_requests" or "overloaded_error":
                return TokenEndpointOutcome.Throttled;
            case "server_error" or "internal_error" or "internal_server_error":
                return TokenEndpointOutcome.Unknown;
            default:
                // 'unauthorized_client', 'deleted_client', 'incorrect_client_credentials': whatever is said of the refresh token beside it.
                bool isClient = code is not null && new TextWords(code).Has("client");
                return isClient ? TokenEndpointOutcome.Misconfigured : null;
        }
    }

    // Also where the code stands in a longer one, 'oidc.invalid_grant', or a gateway quotes the whole answer. In the midst of prose, as
    // where a firewall names its rule, it is a word among others.
    private static bool IsInvalidGrant(string? text)
    {
        const string Code = "invalid_grant";
        text = text?.Trim() ?? "";
        for (int at = 0; (at = text.IndexOf(Code, at, StringComparison.OrdinalIgnoreCase)) >= 0; at += Code.Length)
        {
            int end = at + Code.Length;
            bool isWhole = (at == 0 || !IsCodeLetter(text[at - 1])) && (end == text.Length || !IsCodeLetter(text[end]));
            if (isWhole && (at == 0 || !text.Contains(' ', StringComparison.Ordinal) || IsMember(text.AsSpan(0, at))))
            {
                return true;
            }
        }

        return false;
    }

    // '"error": "', and what stands in brackets behind it.
    private static bool IsMember(ReadOnlySpan<char> front) => front is [.., '"'] && front[..^1].TrimEnd(" [\\").EndsWith("\":");

    // "The API token has expired."
    private static bool NamesAnotherToken(string? text)
    {
        var words = new TextWords(text ?? "");
        return Array.Exists(OtherTokens, kind => words.Has(kind, "token"));
    }

    private static bool IsCodeLetter(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

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
        or "session_expired" or "session_not_found";

    private static bool IsTokenExpired(string? code) => code is "token_expired" or "expired_token" or "token_revoked";

    // 'LOGIN_REQUIRED' and 'login_required, use MFA' are the code too. A plain word in front of others is none.
    private static string? CodeOf(string? text)
    {
        if (text is null)
        {
            return null;
        }

        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        int length = 0;
        while (length < trimmed.Length && IsCodeLetter(trimmed[length]))
        {
            length++;
        }

        bool isCode = length == trimmed.Length || trimmed[length] == ':' || trimmed[..length].Contains('_');
        return isCode ? trimmed[..length].ToString().ToLowerInvariant() : null;
    }

    private static TokenEndpointOutcome? ByText(TokenErrorResponse error)
    {
        // A server of OAuth that says "invalid token" of this request means the only token in it. A gateway may mean one of its own.
        // So with a session: without a code, the words are those of a proxy just as well.
        bool isOurs = CodeOf(error.Error) == "invalid_request";
        return RejectionText.Says(CodeOf(error.Error), isAnyToken: true)
            || RejectionText.Says(error.Error)
            || RejectionText.Says(error.ErrorDescription, isAnyToken: isOurs, isAnySession: error.Error is not null)
                ? TokenEndpointOutcome.RefreshTokenProbablyRejected
                : null;
    }

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
