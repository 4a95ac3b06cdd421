using System.Buffers;
using System.Text.RegularExpressions;

namespace TokenRefresh.Endpoint;

/// <summary>What the answers of real servers mean for the refresh token. Every answer gets a meaning.</summary>
internal static partial class DefaultTokenErrorClassifier
{
    private static readonly SearchValues<char> CodeLetters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    private static readonly Dictionary<string, TokenEndpointOutcome> Codes = Table(
        // RFC 6749 section 5.2; OpenID Connect Core section 3.1.2.6 and RFC 9470: only the user can go on.
        (TokenEndpointOutcome.RefreshTokenRejected, "invalid_grant login_required interaction_required consent_required "
            + "account_selection_required insufficient_user_authentication mfa_required"),

        // The same in the words of one server, each documented or seen.
        (TokenEndpointOutcome.RefreshTokenRejected, "refresh_token_reused refresh_token_expired refresh_token_invalidated "
            + "refresh_token_revoked refresh_token_not_found refresh_token_already_used invalid_refresh_token bad_refresh_token "
            + "expired_refresh_token session_expired session_not_found"),

        // No code is sent with a refresh token, so it is the one in question; it may also be at home at another address of that server.
        // An administrator may let the user in again.
        (TokenEndpointOutcome.RefreshTokenProbablyRejected, "invalid_code user_disabled user_not_found"),
        // RFC 9449: the proof, or the nonce in it, is looked at before the refresh token.
        (TokenEndpointOutcome.Misconfigured, "invalid_scope unsupported_grant_type invalid_target invalid_dpop_proof use_dpop_nonce"),
        (TokenEndpointOutcome.Throttled, "temporarily_unavailable slow_down rate_limit_error rate_limited ratelimited rate_limit_exceeded "
            + "too_many_requests overloaded_error"),
        (TokenEndpointOutcome.Unknown, "server_error internal_error internal_server_error"));

    // "The API token has expired."
    private static readonly string[] OtherTokens =
        "access api id bearer csrf gateway proxy security service auth authentication device".Split(' ');

    internal static TokenEndpointOutcome Classify(int status, string? error, string? description) => status switch
    {
        // The status comes first: these say that the request was not looked at, whatever a gateway wrote into the body ...
        429 or 503 => TokenEndpointOutcome.Throttled,

        // ... and these may come after the rotation was committed. A switch of protocols (101) is no answer to a POST.
        >= 500 or < 200 => TokenEndpointOutcome.Unknown,

        // A proxy, or a server that did not take the request: a session that expired is not the user's.
        407 or 408 or 421 or 425 => TokenEndpointOutcome.Unavailable,

        // By the description too: servers have their codes there, and plain text is one.
        _ => ByCode(error, status, description) ?? ByCode(description, status, description) ?? ByText(error, description)
            ?? ByStatus(status, error),
    };

    private static Dictionary<string, TokenEndpointOutcome> Table(params (TokenEndpointOutcome Meaning, string Codes)[] rows) =>
        rows.SelectMany(row => row.Codes.Split(' '), (row, code) => (code, row.Meaning))
            .ToDictionary(row => row.code, row => row.Meaning, StringComparer.Ordinal);

    private static TokenEndpointOutcome? ByCode(string? text, int status, string? description)
    {
        if (InvalidGrant().IsMatch(text ?? ""))
        {
            return TokenEndpointOutcome.RefreshTokenRejected;
        }

        switch (CodeOf(text))
        {
            case null:
                return null;

            // RFC 6749 section 5.2 means the client by this code and answers 400 or 401.
            // With 403, servers mean the grant: the same client signs in again and goes on.
            case "unauthorized_client" when status == 403:
                return TokenEndpointOutcome.RefreshTokenRejected;

            // A gateway has tokens of its own, and answers 401 and 403 for them: what it says of one is not said for sure of ours.
            case "token_expired" or "expired_token" or "token_revoked":
                bool isTheirs = status is 401 or 403 && RejectionText.Names(description, OtherTokens, next: "token");
                return isTheirs ? null : TokenEndpointOutcome.RefreshTokenRejected;

            // Also what the same servers say of an address that does not exist, so this is not believed until the next sign-in.
            case "not_found_error":
                return status == 404 ? TokenEndpointOutcome.RefreshTokenProbablyRejected : null;
            case var code when Codes.TryGetValue(code, out TokenEndpointOutcome meaning):
                return meaning;
            case var code:
                // 'unauthorized_client', 'deleted_client', 'incorrect_client_credentials': whatever is said of the refresh token beside it.
                return RejectionText.Names(code, ["client"]) ? TokenEndpointOutcome.Misconfigured : null;
        }
    }

    // Also where the code stands in a longer one, 'oidc.invalid_grant', or a gateway quotes the whole answer: '"error": "', and what stands
    // in brackets behind it. In the midst of prose, as where a firewall names its rule, it is a word among others.
    [GeneratedRegex(
        """
        ^\s*invalid_grant(?![a-z0-9_])|^\s*[^ ]*(?<![a-z0-9_])invalid_grant(?![a-z0-9_])[^ ]*\s*\z|":[ \[\\]*"invalid_grant(?![a-z0-9_])
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        Timeout.Infinite)]
    private static partial Regex InvalidGrant();

    // 'LOGIN_REQUIRED' and 'login_required, use MFA' are the code too. A plain word in front of others is none.
    private static string? CodeOf(string? text)
    {
        if (text is null)
        {
            return null;
        }

        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        int end = trimmed.IndexOfAnyExcept(CodeLetters);
        ReadOnlySpan<char> code = end < 0 ? trimmed : trimmed[..end];
        return end < 0 || trimmed[end] == ':' || code.Contains('_') ? code.ToString().ToLowerInvariant() : null;
    }

    private static TokenEndpointOutcome? ByText(string? error, string? description)
    {
        // A server of OAuth that says "invalid token" of this request means the only token in it. A gateway may mean one of its own.
        // So with a session: without a code, the words are those of a proxy just as well.
        bool isOurs = CodeOf(error) == "invalid_request";
        return RejectionText.Says(CodeOf(error), isAnyToken: true)
            || RejectionText.Says(error)
            || RejectionText.Says(description, isAnyToken: isOurs, isAnySession: error is not null)
                ? TokenEndpointOutcome.RefreshTokenProbablyRejected
                : null;
    }

    private static TokenEndpointOutcome ByStatus(int status, string? error) =>
        // A success that holds neither tokens nor a known error may well have rotated.
        status is >= 200 and < 300 ? TokenEndpointOutcome.Unknown

        // A 4xx without meaning, such as a gateway's page, has not.
        : CodeOf(error) is "invalid_request" or "invalid_request_error" ? TokenEndpointOutcome.Misconfigured
        : TokenEndpointOutcome.Unavailable;
}
