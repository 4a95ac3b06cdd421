using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>Answers that sound like a rejection of the refresh token: settings, capacity, outages, gateways, proxies.</summary>
public sealed class NoRejectionTests
{
    private const TokenEndpointOutcome Misconfigured = TokenEndpointOutcome.Misconfigured;
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
}
