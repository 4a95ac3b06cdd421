using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>How servers say that a refresh token is rejected. Each row names where it is documented or was seen.</summary>
public sealed class TokenErrorDialectTests
{
    private const TokenEndpointOutcome Rejected = TokenEndpointOutcome.RefreshTokenRejected;
    private const TokenEndpointOutcome Probably = TokenEndpointOutcome.RefreshTokenProbablyRejected;
    private const TokenEndpointOutcome Unavailable = TokenEndpointOutcome.Unavailable;
    private const TokenEndpointOutcome Unknown = TokenEndpointOutcome.Unknown;

    [Theory]
    [FailureMode("F15", "F111")]
    [InlineData("RFC 6749 5.2", 400, """{"error":"invalid_grant"}""", Rejected)]
    [InlineData("Anthropic, seen", 400, """{"error":"invalid_grant","error_description":null}""", Rejected)]
    [InlineData(
        "Atlassian, documentation", 403, """{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}""", Rejected)]
    [InlineData(
        "Fitbit, documentation",
        400,
        """{"errors":[{"errorType":"invalid_grant","message":"Refresh token invalid: x"}],"success":false}""",
        Rejected)]
    [InlineData("RFC 6749 code nested", 400, """{"error":{"code":"invalid_grant","message":"gone"}}""", Rejected)]
    [InlineData("RFC 6749 type nested", 400, """{"error":{"type":"invalid_grant","message":null}}""", Rejected)]
    [InlineData("odd members", 400, """{"error_description":{"odd":[1,2]},"error":"invalid_grant","trace":[{"a":1}]}""", Rejected)]
    [InlineData("words behind the code", 400, """{"error":"invalid_grant: token expired"}""", Rejected)]
    [InlineData("capitals", 400, """{"error":"INVALID_GRANT"}""", Rejected)]
    [InlineData("error in a 200", 200, """{"error":"invalid_grant"}""", Rejected)]
    [InlineData(
        "OpenID Connect Core 3.1.2.6, Microsoft Entra",
        400,
        """{"error":"interaction_required","error_description":"AADSTS50076: use MFA"}""",
        Rejected)]
    [InlineData("OpenID Connect Core 3.1.2.6", 400, """{"error":"login_required"}""", Rejected)]
    [InlineData("OpenID Connect Core 3.1.2.6", 400, """{"error":"consent_required"}""", Rejected)]
    [InlineData(
        "Auth0, documentation", 403, """{"error":"mfa_required","error_description":"Multifactor authentication required"}""", Rejected)]
    [InlineData(
        "OpenAI, openai/codex 6028",
        401,
        """{"error":{"message":"used twice","type":"invalid_request_error","param":null,"code":"refresh_token_reused"}}""",
        Rejected)]
    [InlineData("OpenAI, openai/codex 24830", 400, """{"error":{"code":"refresh_token_expired"}}""", Rejected)]
    [InlineData(
        "OpenAI, decolua/9router 1821",
        401,
        """{"error":{"message":"Could not validate your token.","type":"invalid_request_error","code":"token_expired"}}""",
        Rejected)]
    [InlineData("code at the top", 401, """{"code":"refresh_token_reused"}""", Rejected)]
    [InlineData(
        "Atlassian, raycast/extensions 11836",
        403,
        """{"error":"unauthorized_client","error_description":"refresh_token is invalid"}""",
        Rejected)]
    [InlineData(
        "GitHub, documentation",
        200,
        """{"error":"bad_refresh_token","error_description":"The refresh token passed is incorrect or expired."}""",
        Rejected)]
    [InlineData(
        "GitHub, the same as a form",
        200,
        "error=bad_refresh_token&error_description=The+refresh+token+passed+is+incorrect+or+expired.",
        Rejected)]
    [InlineData("Slack, documentation", 200, """{"ok":false,"error":"invalid_refresh_token"}""", Rejected)]
    [InlineData(
        "Supabase, supabase/auth 2136",
        400,
        """{"code":400,"error_code":"refresh_token_already_used","msg":"Invalid Refresh Token: Already Used"}""",
        Rejected)]
    [InlineData(
        "Supabase, nuxt-modules/supabase 187",
        400,
        """{"code":400,"error_code":"refresh_token_not_found","msg":"Invalid Refresh Token: Refresh Token Not Found"}""",
        Rejected)]
    [InlineData(
        "Firebase, next-firebase-auth-edge 21",
        400,
        """{"error":{"code":400,"message":"TOKEN_EXPIRED","status":"INVALID_ARGUMENT"}}""",
        Rejected)]
    [InlineData(
        "Firebase, documentation",
        400,
        """{"error":{"code":400,"message":"INVALID_REFRESH_TOKEN","status":"INVALID_ARGUMENT"}}""",
        Rejected)]
    [InlineData("Anthropic, seen", 404, """{"type":"error","error":{"type":"not_found_error","message":"no such token"}}""", Probably)]
    [InlineData("the same, flat", 404, """{"error":"not_found_error"}""", Probably)]
    [InlineData("seen", 400, """{"error":"invalid_request","error_description":"Grant not found"}""", Probably)]
    [InlineData("FastAPI's shape", 404, """{"detail":"Grant not found"}""", Probably)]
    [InlineData("a JSON string", 400, "\"Grant not found\"", Probably)]
    [InlineData("FlowFuse 8547", 400, """{"error":"invalid_request","error_description":"Invalid refresh token"}""", Probably)]
    [InlineData("better-auth 8103", 400, """{"error":"invalid_request","error_description":"session not found"}""", Probably)]
    [InlineData("better-auth 8103", 400, """{"error":"invalid_request","error_description":"refresh token revoked"}""", Probably)]
    [InlineData(
        "HubSpot, mk-node-hubspot 64",
        400,
        """{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","correlationId":"6"}""",
        Probably)]
    [InlineData(
        "Strava, dreeve 1449",
        400,
        """{"message":"Bad Request","errors":[{"resource":"RefreshToken","field":"refresh_token","code":"invalid"}]}""",
        Probably)]
    [InlineData("Square, developer forum 11056", 401, """{"message":"Invalid refresh token","type":"service.not_authorized"}""", Probably)]
    [InlineData("Twitch, documentation", 400, """{"error":"Bad Request","status":400,"message":"Invalid refresh token"}""", Probably)]
    [InlineData(
        "Amazon Cognito, documentation",
        400,
        """{"__type":"NotAuthorizedException","message":"Refresh Token has been revoked"}""",
        Probably)]
    [InlineData(
        "Apigee, documentation",
        401,
        """{"fault":{"faultstring":"Invalid Refresh Token","detail":{"errorcode":"keymanagement.service.invalid_refresh_token"}}}""",
        Probably)]
    [InlineData("Apigee, documentation", 400, """{"ErrorCode":"invalid_request","Error":"Refresh Token expired"}""", Probably)]
    [InlineData(
        "TikTok, documentation",
        200,
        """{"data":{"description":"Refresh_token expired","error_code":10010},"message":"error"}""",
        Probably)]
    [InlineData("WeChat, documentation", 200, """{"errcode":40030,"errmsg":"invalid refresh_token"}""", Probably)]
    [InlineData(
        "Spring Security OAuth", 401, """{"error":"invalid_token","error_description":"Invalid refresh token (expired): x"}""", Probably)]
    [InlineData(
        "Planning Center, developers 602",
        401,
        """{"error":"x","error_description":"The provided authorization grant is invalid, expired, revoked"}""",
        Probably)]
    [InlineData("Zoom, raycast/extensions 10896", 400, """{"reason":"Invalid Token!","error":"invalid_grant"}""", Rejected)]
    [InlineData("Zoom, developer forum", 401, """{"reason":"Invalid Token!","error":"invalid_request"}""", Probably)]
    [InlineData(
        "X, developer forum",
        400,
        """{"error":"invalid_request","error_description":"Value passed for the token was invalid."}""",
        Probably)]
    [InlineData("Zoho, documentation", 200, """{"error":"invalid_code"}""", Probably)]
    [InlineData(
        "Ory Hydra, ory/hydra 3004",
        401,
        """{"error":"token_inactive","error_description":"Token is inactive because it is malformed, expired or otherwise invalid."}""",
        Probably)]
    [InlineData("Simple JWT, documentation", 401, """{"detail":"Token is invalid or expired","code":"token_not_valid"}""", Probably)]
    [InlineData("Adobe, documentation", 400, """{"error":"invalid_token"}""", Probably)]
    [InlineData(
        "Spring Security OAuth",
        401,
        """{"error":"invalid_token","error_description":"Cannot convert access token to JSON"}""",
        Probably)]
    [InlineData(
        "Authlib, authlib/authlib 112",
        400,
        """{"error":"invalid_request","error_description":"Invalid \"refresh_token\" in request."}""",
        Probably)]
    [InlineData(
        "LinkedIn, documentation",
        400,
        """{"error":"invalid_request","error_description":"The provided authorization grant or refresh token is invalid or expired"}""",
        Probably)]
    [InlineData(
        "TD open banking, documentation",
        400,
        """{"error":"invalid_request","error_description":"Refresh token is invalid or has already been claimed by another client."}""",
        Probably)]
    [InlineData("Follow Up Boss, documentation", 401, """{"error":"expired-refresh-token"}""", Probably)]
    [InlineData("DingTalk, documentation", 400, """{"code":"invalidRefreshToken","message":"x"}""", Probably)]
    [InlineData(
        "Feishu, documentation",
        200,
        """{"code":20037,"msg":"The refresh token passed has expired. Please generate a new one."}""",
        Probably)]
    [InlineData(
        "Firebase, documentation",
        400,
        """{"error":{"code":400,"message":"USER_DISABLED","status":"INVALID_ARGUMENT"}}""",
        Probably)]
    [InlineData(
        "FusionAuth, documentation",
        400,
        """{"fieldErrors":{"refreshToken":[{"code":"[invalid]refreshToken","message":"Invalid [refreshToken]"}]}}""",
        Probably)]
    [InlineData("Figma's shape", 400, """{"status":400,"err":"Invalid refresh token"}""", Probably)]
    [InlineData(
        "Facebook, documentation",
        400,
        """{"error":{"message":"Error validating access token: Session has expired.","type":"OAuthException","code":190}}""",
        Probably)]
    [InlineData("RFC 9457", 400, """{"type":"about:blank","title":"Refresh token expired","status":400}""", Probably)]
    [InlineData("RFC 9457", 400, """{"type":"https://example.com/errors/invalid_grant","title":"Bad request","status":400}""", Rejected)]
    [InlineData("JSON:API", 401, """{"errors":[{"status":"401","title":"Invalid refresh token"}]}""", Probably)]
    [InlineData(
        "GraphQL",
        200,
        """{"errors":[{"message":"Refresh token expired","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}""",
        Probably)]
    [InlineData("gRPC over JSON", 401, """{"code":16,"message":"refresh token expired","details":[]}""", Probably)]
    [InlineData(
        "Laravel's shape",
        422,
        """{"message":"The given data was invalid.","errors":{"refresh_token":["The selected refresh token is invalid."]}}""",
        Probably)]
    [InlineData("Rails' shape", 422, """{"errors":{"refresh_token":["is invalid"]}}""", Probably)]
    [InlineData("Shopify's shape", 401, """{"errors":"Invalid refresh token"}""", Probably)]
    [InlineData("Heroku's words", 404, """{"id":"not_found","message":"Couldn't find that OAuth refresh token."}""", Probably)]
    [InlineData(
        "OpenAI, openai/codex",
        401,
        """{"error":{"message":"Your session has ended. Please log in again.","type":"invalid_request_error"}}""",
        Probably)]
    [InlineData(
        "Ory Hydra, ory/hydra 2645",
        400,
        """{"debug":"The refresh token has not been found","message":"invalid_grant","status":"Bad Request","status_code":400}""",
        Rejected)]
    [InlineData("Logto, documentation", 400, """{"code":"oidc.invalid_grant","message":"Grant request is invalid."}""", Rejected)]
    [InlineData("a longer code", 400, """{"error":"urn:ietf:params:oauth:error:invalid_grant"}""", Rejected)]
    [InlineData("NestJS' shape", 401, """{"statusCode":401,"error":"Unauthorized","message":{"error":"invalid_grant"}}""", Rejected)]
    [InlineData("a gateway that quotes", 400, """{"message":"{\"error\":\"invalid_grant\"}"}""", Rejected)]
    [InlineData("a gateway that quotes", 400, """{"message":"400 Bad Request: [{\"error\":\"invalid_grant\"}]"}""", Rejected)]
    [InlineData("a list of codes", 400, """{"error":["invalid_grant"]}""", Rejected)]
    [InlineData("PayPal's shape", 400, """{"error":{"name":"invalid_grant"}}""", Rejected)]
    [InlineData("Baidu, documentation", 400, """{"error":"expired_token","error_description":"refresh token has been used"}""", Rejected)]
    [InlineData(
        "Yahoo, documentation",
        400,
        """{"error":"INVALID_REFRESH_TOKEN","error_description":"Invalid refresh token"}""",
        Rejected)]
    [InlineData(
        "Stytch, documentation",
        404,
        """{"status_code":404,"error_type":"session_not_found","error_message":"Session could not be found."}""",
        Rejected)]
    public async Task A_rejection_is_understood_in_every_dialect(string source, int status, string body, TokenEndpointOutcome expected)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(status, body));

        result.Outcome.Should().Be(expected, "this is of {0}", source);
        result.RecoveredRefreshToken.Should().BeNull();
    }

    [Theory]
    [FailureMode("F15", "F111")]
    [InlineData("Grant not found", "text/plain", Probably)]
    [InlineData("invalid_grant: token has been revoked", "text/plain", Rejected)]
    [InlineData("The refresh token has already been used.", "text/plain", Probably)]
    [InlineData("no healthy upstream", "text/plain", Unavailable)]
    [InlineData("<p>Grant not found</p>", "text/html", Unavailable)]
    [InlineData("<p>invalid_grant</p>", "text/html", Unavailable)]
    [InlineData("<?xml version=\"1.0\"?><p>invalid_grant</p>", "text/plain", Unavailable)]
    [InlineData("{\"error\":\"invalid_gr", "text/plain", Unavailable)]
    [InlineData("invalid_grant\0", "text/plain", Unavailable)]
    [InlineData("\uFEFF<html>WAF blocked invalid_grant</html>", "text/html", Unavailable)]
    [InlineData("Forbidden <html><body>code invalid_grant sample</body></html>", "text/plain", Unavailable)]
    [InlineData("invalid_grant <!DOCTYPE html><title>Blocked</title>", "text/plain", Unavailable)]
    [InlineData("invalid_grant", "text/html", Rejected)]
    [InlineData("invalid_grant", "application/json", Rejected)]
    [InlineData("invalid_grant", null, Rejected)]
    public async Task Plain_text_is_read_as_a_description_and_a_page_is_not(string body, string? mediaType, TokenEndpointOutcome expected)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(404, body, mediaType));

        result.Outcome.Should().Be(expected);
        result.ErrorDescription.Should().Be(expected == Unavailable && body != "no healthy upstream" ? null : body);
    }

    [Theory]
    [FailureMode("F111", "F88")]
    [InlineData("r")]
    [InlineData("grant")]
    [InlineData("invalid")]
    public async Task A_token_that_is_a_part_of_the_code_does_not_hide_it(string refreshToken)
    {
        HttpTokenEndpointClient client = Given.Client(FakeHandler.Answering(400, """{"error":"invalid_grant"}"""));

        TokenEndpointResult result = await client.RefreshAsync(new TokenRequest(refreshToken));

        result.Outcome.Should().Be(Rejected);
        result.Error.Should().NotContain(refreshToken);
    }

    [Fact]
    [FailureMode("F111", "F88")]
    public async Task A_classifier_of_the_user_s_own_sees_the_body_without_secrets_and_capped()
    {
        var seen = new List<TokenErrorResponse>();
        var classifier = new SeeingClassifier(seen);
        string body = $$"""{"weird":{"why":"dead","echo":"{{Given.RefreshToken}}"},"fill":"{{new string('x', 10_000)}}"}""";

        TokenEndpointResult result = await Given.Client(FakeHandler.Answering(418, body), classifier: classifier)
            .RefreshAsync(new TokenRequest(Given.RefreshToken));

        result.Outcome.Should().Be(Rejected);
        TokenErrorResponse error = seen.Should().ContainSingle().Subject;
        error.Body.Should().StartWith("""{"weird":{"why":"dead","echo":"***"},"fill":"xxx""").And.HaveLength(4096);
        error.ToString().Should().Be("HTTP 418");
    }

    private sealed class SeeingClassifier(List<TokenErrorResponse> seen) : ITokenErrorClassifier
    {
        public TokenEndpointOutcome? Classify(TokenErrorResponse error)
        {
            seen.Add(error);
            return error.Body!.Contains("dead", StringComparison.Ordinal) ? TokenEndpointOutcome.RefreshTokenRejected : null;
        }
    }
}
