using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>Answers that sound like a rejection of the refresh token: settings, capacity, outages, gateways, proxies.</summary>
public sealed class NoRejectionTests
{
    private const TokenEndpointOutcome Misconfigured = TokenEndpointOutcome.Misconfigured;
    private const TokenEndpointOutcome Probably = TokenEndpointOutcome.RefreshTokenProbablyRejected;
    private const TokenEndpointOutcome Unavailable = TokenEndpointOutcome.Unavailable;
    private const TokenEndpointOutcome Throttled = TokenEndpointOutcome.Throttled;
    private const TokenEndpointOutcome Unknown = TokenEndpointOutcome.Unknown;

    [Theory]
    [FailureMode("F91", "F111")]
    [InlineData(
        "the client, not the token",
        401,
        """{"error":"invalid_client","error_description":"client of this refresh token is unknown"}""",
        Misconfigured)]
    [InlineData(
        "the client, not the token",
        400,
        """{"error":"unauthorized_client","error_description":"refresh token is invalid for this client"}""",
        Misconfigured)]
    [InlineData(
        "the scope, not the token",
        400,
        """{"error":"invalid_scope","error_description":"scope exceeds the grant, which is invalid"}""",
        Misconfigured)]
    [InlineData("RFC 8707", 400, """{"error":"invalid_target","error_description":"unknown resource in grant"}""", Misconfigured)]
    [InlineData(
        "a grant type is no grant", 400, """{"error":"unsupported_grant_type","error_description":"invalid grant type"}""", Misconfigured)]
    [InlineData("a grant type is no grant", 400, """{"error":"invalid_request","error_description":"Invalid grant_type"}""", Misconfigured)]
    [InlineData(
        "a parameter is missing",
        400,
        """{"error":"invalid_request","error_description":"Missing parameter: refresh_token"}""",
        Misconfigured)]
    [InlineData(
        "the scope again",
        400,
        """{"error":"invalid_request","error_description":"The refresh token request has an invalid scope"}""",
        Misconfigured)]
    [InlineData(
        "our request", 400, """{"error":"invalid_request","error_description":"Invalid request: no refresh token"}""", Misconfigured)]
    [InlineData(
        "a grant type is no grant",
        400,
        """{"error":"invalid_request","error_description":"The grant type 'refresh_token' is not valid for this client."}""",
        Misconfigured)]
    [InlineData("a code that looks like another", 400, """{"error":"invalid_grant_type"}""", Unavailable)]
    [InlineData(
        "capacity", 400, """{"error":"server_busy","error_description":"Refresh token state unknown, try again later"}""", Unavailable)]
    [InlineData(
        "capacity", 429, """{"error":"invalid_grant","error_description":"rate limit exceeded for this refresh token"}""", Throttled)]
    [InlineData("outage", 503, """{"error":"invalid_grant"}""", Throttled)]
    [InlineData("outage", 500, """{"error":"invalid_grant","error_description":"refresh token invalid"}""", Unknown)]
    [InlineData("gateway", 404, """{"message":"no Route matched with those values"}""", Unavailable)]
    [InlineData("gateway", 403, """{"message":"Forbidden"}""", Unavailable)]
    [InlineData("proxy", 407, """{"message":"Proxy authentication required"}""", Unavailable)]
    [InlineData("API gateway's own key", 401, """{"message":"Invalid API key"}""", Unavailable)]
    [InlineData(
        "Strava, the client",
        400,
        """{"message":"Bad Request","errors":[{"resource":"Application","field":"client_id","code":"invalid"}]}""",
        Unavailable)]
    [InlineData("a success without meaning", 200, """{"token":"issued","grant":"given"}""", Unknown)]
    [InlineData(
        "Google, the client",
        401,
        """{"error":"deleted_client","error_description":"The OAuth client was deleted."}""",
        Misconfigured)]
    [InlineData(
        "GitHub, the client",
        200,
        """{"error":"incorrect_client_credentials","error_description":"The client_id and/or client_secret passed are incorrect."}""",
        Misconfigured)]
    [InlineData("Slack, the client", 200, """{"ok":false,"error":"bad_client_secret"}""", Misconfigured)]
    [InlineData("Slack, the rate", 200, """{"ok":false,"error":"ratelimited"}""", Throttled)]
    [InlineData("Atlassian, the secret", 401, """{"error":"access_denied","error_description":"Unauthorized"}""", Unavailable)]
    [InlineData(
        "Zoho, the rate",
        400,
        """{"error":"Access Denied","error_description":"You have made too many requests continuously."}""",
        Unavailable)]
    [InlineData(
        "Facebook, the rate",
        400,
        """{"error":{"message":"(#4) Application request limit reached","type":"OAuthException","code":4}}""",
        Unavailable)]
    [InlineData(
        "Entra, outage",
        400,
        """{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}""",
        Throttled)]
    [InlineData("Okta's gateway", 401, """{"errorCode":"E0000011","errorSummary":"Invalid token provided"}""", Unavailable)]
    [InlineData("AWS, the gateway's token", 403, """{"message":"The security token included in the request is expired"}""", Unavailable)]
    [InlineData(
        "Apigee, the gateway's key",
        401,
        """{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}""",
        Unavailable)]
    [InlineData("a token of another kind", 403, """{"error":"invalid_request","error_description":"Invalid CSRF token"}""", Misconfigured)]
    [InlineData(
        "a token of another kind",
        400,
        """{"error":"invalid_request","error_description":"The access token is invalid"}""",
        Misconfigured)]
    [InlineData("proxy", 407, """{"message":"Proxy session expired"}""", Unavailable)]
    [InlineData("a request that timed out", 408, """{"message":"session expired"}""", Unavailable)]
    [InlineData(
        "a setting",
        400,
        """{"error":"invalid_request","error_description":"Refresh token flow is not active for this application"}""",
        Misconfigured)]
    [InlineData("outage", 404, """{"message":"refresh token service: bad gateway"}""", Unavailable)]
    [InlineData("outage", 400, """{"message":"could not read refresh token: unknown error"}""", Unavailable)]
    [InlineData("another process", 409, """{"message":"Another refresh of this session is already in progress"}""", Unavailable)]
    public async Task What_sounds_like_a_rejection_and_is_none_is_not_taken_for_one(
        string what, int status, string body, TokenEndpointOutcome expected)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(status, body));

        result.Outcome.Should().Be(expected, "it is {0}", what);
    }

    [Theory]
    [FailureMode("F111")]
    [InlineData("Failed to refresh token: unknown host auth.internal")]
    [InlineData("Could not refresh token: invalid API key")]
    [InlineData("failed to refresh token: x509: certificate has expired")]
    [InlineData("Unable to refresh token, invalid tenant")]
    [InlineData("Couldn't refresh token - region unknown")]
    [InlineData("Unable to refresh session, invalid tenant")]
    [InlineData("Missing parameter refresh_token. The redirect URI is unknown.")]
    [InlineData("Cannot refresh token. Region unknown.")]
    [InlineData("You must include a refresh token. Invalid body.")]
    [InlineData("Missing refresh token; invalid body")]
    [InlineData("The grant type 'refresh_token' is not valid for this client.")]
    [InlineData("refresh_token grant is inactive for this application")]
    [InlineData("Grant flow refresh_token is not known")]
    [InlineData("grant_type: refresh_token is not known")]
    [InlineData("refresh_token is not a valid grant type")]
    [InlineData("refresh_token not found in request")]
    [InlineData("The refresh token was not found in the request body")]
    [InlineData("Could not find refresh token in the request")]
    [InlineData("refresh_token: bad JSON near line 1")]
    [InlineData("refresh token lookup: bad connection")]
    [InlineData("refresh token: unknown host")]
    [InlineData("Refresh token is not expired; nothing to do")]
    [InlineData("Refresh token has not been revoked")]
    [InlineData("Refresh token is not yet expired")]
    [InlineData("Refresh token is valid but the client is unknown")]
    [InlineData("Refresh token is valid, the client is unknown")]
    [InlineData("The scope of the refresh token is unknown")]
    [InlineData("The refresh token must be rotated first")]
    [InlineData("Your session at the VPN portal has expired")]
    [InlineData("Session cookie is invalid")]
    [InlineData("Your session has expired")]
    [InlineData("Error while trying to refresh token: unknown tenant")]
    [InlineData("Token refresh is disabled")]
    [InlineData("Token refresh failed: invalid host")]
    [InlineData("Refresh token request failed: bad gateway")]
    [InlineData("Please provide a refresh token; client unknown")]
    [InlineData("The refresh_token grant is disabled for this application")]
    [InlineData("Refresh token support is disabled")]
    [InlineData("Refresh tokens are disabled")]
    [InlineData("Could not validate refresh token, database is bad")]
    [InlineData("Cannot exchange refresh token because the key is unknown")]
    [InlineData("refresh token sent to the wrong host")]
    [InlineData("refresh token sent with wrong content type")]
    [InlineData("Refresh token could not be exchanged")]
    [InlineData("Invalid JSON. Refresh token could not be read")]
    [InlineData("Refresh token is required")]
    [InlineData("password grant is unknown")]
    [InlineData("Refresh token is valid if the tenant is known")]
    public async Task Words_that_say_something_of_another_thing_say_nothing_of_the_token(string words)
    {
        string body = $$"""{"message":"{{words}}"}""";

        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(400, body));

        result.Outcome.Should().Be(Unavailable);
        RejectionText.Says(words, isAnyToken: true, isAnySession: false).Should().BeFalse();
    }

    [Theory]
    [FailureMode("F111")]
    [InlineData(403, "Your session has expired. Sign in to the proxy again.", Unavailable)]
    [InlineData(403, "\uFEFF<html>WAF blocked invalid_grant</html>", Unavailable)]
    [InlineData(403, "Forbidden <html><body>code invalid_grant sample</body></html>", Unavailable)]
    [InlineData(403, "\"<html>blocked: request contains invalid_grant</html>\"", Unavailable)]
    [InlineData(403, "{\"message\":\"<p>blocked: request contains invalid_grant</p>\"}", Unavailable)]
    [InlineData(403, "{\"message\":\"Request blocked by WAF: signature 'invalid_grant' rule 942\"}", Probably)]
    [InlineData(403, "Request blocked: \"invalid_grant\" is on the list", Probably)]
    [InlineData(401, "{\"error\":\"expired_token\",\"message\":\"gateway API token expired\"}", Probably)]
    [InlineData(403, "{\"error\":\"token_revoked\",\"message\":\"The access token was revoked\"}", Probably)]
    [InlineData(401, "{\"message\":\"Unauthorized\",\"error\":\"invalid_token\",\"exp\":\"token expired\"}", Probably)]
    public async Task A_proxy_or_firewall_never_rejects_for_sure(int status, string body, TokenEndpointOutcome expected)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(status, body));

        result.Outcome.Should().Be(expected);
    }
}
