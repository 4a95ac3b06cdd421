using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>Words, without a code, that say that the refresh token is rejected.</summary>
public sealed class RejectionTextTests
{
    [Theory]
    [FailureMode("F111")]
    [InlineData("refresh token is not valid", true)]
    [InlineData("Refresh token isn't valid any more", true)]
    [InlineData("refresh token no longer valid", true)]
    [InlineData("refresh token does not exist", true)]
    [InlineData("the refresh_token was already redeemed", true)]
    [InlineData("refreshToken: expired", true)]
    [InlineData("unknown, expired or revoked refresh token", true)]
    [InlineData("The authorization grant was revoked by the user", true)]
    [InlineData("refresh token grant type is not allowed", false)]
    [InlineData("grant types: refresh_token", false)]
    [InlineData("invalid signature on the request with a refresh token", false)]
    [InlineData("refresh tokens are issued to confidential clients only", false)]
    [InlineData("refresh token service temporarily unavailable, state unknown", false)]
    [InlineData("expired certificate", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Words_say_that_a_refresh_token_or_grant_is_not_valid_any_more(string? text, bool expected)
    {
        RejectionText.Says(text).Should().Be(expected);
    }

    [Theory]
    [FailureMode("F111")]
    [InlineData("Refresh token has been rotated")]
    [InlineData("Refresh token has been superseded")]
    [InlineData("Refresh token rejected")]
    [InlineData("The refresh token was rejected")]
    [InlineData("Refresh token has been cancelled")]
    [InlineData("The refresh token is disabled")]
    [InlineData("The refresh token has lapsed")]
    [InlineData("The refresh token is stale")]
    [InlineData("The refresh token is not correct")]
    [InlineData("Refresh token reuse detected")]
    [InlineData("Reuse of refresh token detected")]
    [InlineData("Refresh token was already exchanged")]
    [InlineData("No such refresh token")]
    [InlineData("No matching refresh token")]
    [InlineData("This is not a valid refresh token")]
    [InlineData("The refresh token could not be found")]
    [InlineData("The refresh token was not recognised")]
    [InlineData("The refresh token is no longer usable")]
    [InlineData("The refresh token can't be used anymore")]
    [InlineData("The refresh token can no longer be used")]
    [InlineData("Refresh token cannot be reused")]
    [InlineData("The refresh token does not match")]
    [InlineData("Refresh token mismatch")]
    [InlineData("Invalid value for refresh_token")]
    [InlineData("The refresh token you supplied is wrong")]
    [InlineData("The refresh token was valid but has expired")]
    [InlineData("Cannot refresh token: refresh token has expired")]
    [InlineData("refresh_token: does not exist")]
    [InlineData("refresh_token: has already been used. Sign in again.")]
    [InlineData("Refresh token - revoked")]
    [InlineData("The refresh token was not found in our database")]
    [InlineData("The refresh token of this client has been revoked")]
    [InlineData("The value given to refresh_token is wrong")]
    [InlineData("Malformed refresh token")]
    [InlineData("Your refresh token may be invalid or expired")]
    [InlineData("Refresh token status: revoked")]
    [InlineData("refresh token: expired")]
    [InlineData("Refresh token: no longer valid")]
    [InlineData("refresh_token: isn't valid")]
    [InlineData("Refresh token was used more than once")]
    [InlineData("Refresh token no longer exists")]
    [InlineData("We could not find the refresh token")]
    [InlineData("The refresh token isn't recognized")]
    [InlineData("Refresh token has been invalidated due to reuse")]
    [InlineData("The refresh token is obsolete")]
    [InlineData("Refresh token replayed")]
    [InlineData("Refresh token has been superseded by a newer one")]
    [InlineData("The refresh token in the request is invalid")]
    [InlineData("The provided authorization grant (e.g., authorization code) or refresh token is invalid, expired, revoked")]
    public async Task A_rejected_token_is_not_taken_for_a_setting(string words)
    {
        string body = $$"""{"error":"invalid_request","error_description":"{{words}}"}""";

        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(400, body));

        result.Outcome.Should().Be(TokenEndpointOutcome.RefreshTokenProbablyRejected);
    }
}
