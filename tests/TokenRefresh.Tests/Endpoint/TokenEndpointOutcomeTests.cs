using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

public sealed class TokenEndpointOutcomeTests
{
    private const string Html = "<html><body>Bad gateway</body></html>";

    [Theory]
    [FailureMode("F12", "F14")]
    [InlineData(400, """{"error":"invalid_grant"}""", TokenEndpointOutcome.RefreshTokenRejected)]
    [InlineData(401, """{"error":"invalid_grant","error_description":"expired"}""", TokenEndpointOutcome.RefreshTokenRejected)]
    [InlineData(403, """{"error":"invalid_grant"}""", TokenEndpointOutcome.RefreshTokenRejected)]
    [InlineData(429, """{"error":"invalid_grant"}""", TokenEndpointOutcome.Throttled)]
    [InlineData(429, "", TokenEndpointOutcome.Throttled)]
    [InlineData(503, Html, TokenEndpointOutcome.Throttled)]
    [InlineData(500, "", TokenEndpointOutcome.Unknown)]
    [InlineData(500, """{"error":"invalid_grant"}""", TokenEndpointOutcome.Unknown)]
    [InlineData(502, Html, TokenEndpointOutcome.Unknown)]
    [InlineData(504, Html, TokenEndpointOutcome.Unknown)]
    [InlineData(520, Html, TokenEndpointOutcome.Unknown)]
    [InlineData(101, "", TokenEndpointOutcome.Unknown)]
    [InlineData(400, Html, TokenEndpointOutcome.Unavailable)]
    [InlineData(404, "", TokenEndpointOutcome.Unavailable)]
    [InlineData(403, Html, TokenEndpointOutcome.Unavailable)]
    [InlineData(400, """{"error":"something_new"}""", TokenEndpointOutcome.Unavailable)]
    [InlineData(400, """{"error":"slow_down"}""", TokenEndpointOutcome.Throttled)]
    [InlineData(400, """{"error":"temporarily_unavailable"}""", TokenEndpointOutcome.Throttled)]
    [InlineData(400, """{"error":"server_error"}""", TokenEndpointOutcome.Unknown)]
    [InlineData(200, "", TokenEndpointOutcome.Unknown)]
    [InlineData(204, "", TokenEndpointOutcome.Unknown)]
    [InlineData(200, Html, TokenEndpointOutcome.Unknown)]
    [InlineData(200, "{}", TokenEndpointOutcome.Unknown)]
    [InlineData(200, "[]", TokenEndpointOutcome.Unknown)]
    [InlineData(200, """{"access_token":""}""", TokenEndpointOutcome.Unknown)]
    [InlineData(200, """{"access_token":"at\r\nX-Injected: 1"}""", TokenEndpointOutcome.Unknown)]
    public async Task An_answer_says_what_happened_to_the_refresh_token(int status, string body, TokenEndpointOutcome expected)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(status, body));

        result.Outcome.Should().Be(expected);
        result.StatusCode.Should().Be(status);
        result.Response.Should().BeNull();
    }

    [Theory]
    [FailureMode("F91")]
    [InlineData(401, "invalid_client")]
    [InlineData(400, "invalid_client")]
    [InlineData(400, "unauthorized_client")]
    [InlineData(401, "unauthorized_client")]
    [InlineData(400, "invalid_scope")]
    [InlineData(400, "unsupported_grant_type")]
    [InlineData(400, "invalid_request")]
    public async Task Errors_of_the_client_do_not_blame_the_refresh_token(int status, string code)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(status, $$"""{"error":"{{code}}"}"""));

        result.Outcome.Should().Be(TokenEndpointOutcome.Misconfigured);
        result.Error.Should().Be(code);
    }

    [Theory]
    [InlineData(TokenEndpointOutcome.RefreshTokenProbablyRejected, TokenEndpointOutcome.RefreshTokenProbablyRejected)]
    [InlineData(null, TokenEndpointOutcome.Unavailable)]
    [InlineData(TokenEndpointOutcome.Succeeded, TokenEndpointOutcome.Unavailable)]
    [FailureMode("F15")]
    public async Task A_classifier_of_ones_own_is_asked_first(TokenEndpointOutcome? says, TokenEndpointOutcome expected)
    {
        var classifier = new FixedClassifier(says);

        TokenEndpointResult result = await Given.Client(FakeHandler.Answering(418, """{"error":"teapot"}"""), classifier: classifier)
            .RefreshAsync(new TokenRequest("rt"));

        result.Outcome.Should().Be(expected);
        classifier.Asked
            .Should().BeEquivalentTo(new TokenErrorResponse(418) { Error = "teapot", IsJson = true, Body = """{"error":"teapot"}""" });
    }

    [Theory]
    [FailureMode("F55")]
    [InlineData("3600", 3600d)]
    [InlineData("0", 0d)]
    [InlineData("-5", 0d)]
    [InlineData("1.5", 1.5)]
    [InlineData("99999999999", 3155760000d)]
    [InlineData("Thu, 01 Jan 2026 00:10:00 GMT", 600d)]
    [InlineData("Wed, 31 Dec 2025 23:00:00 GMT", 0d)]
    [InlineData("soon", null)]
    [InlineData(null, null)]
    public async Task Retry_after_is_read_in_both_forms_and_is_never_negative(string? header, double? seconds)
    {
        var handler = new FakeHandler(_ =>
        {
            HttpResponseMessage response = FakeHandler.Response(429);
            if (header is not null)
            {
                response.Headers.TryAddWithoutValidation("Retry-After", header);
            }

            return response;
        });

        TokenEndpointResult result = await Given.AnswerAsync(handler, time: new ManualTimeProvider());

        result.Outcome.Should().Be(TokenEndpointOutcome.Throttled);
        result.RetryAfter.Should().Be(seconds is { } s ? TimeSpan.FromSeconds(s) : null);
        handler.Count.Should().Be(1);
    }

    [Fact]
    [FailureMode("F57", "F88")]
    public async Task Texts_of_the_server_are_short_printable_and_free_of_secrets()
    {
        string part = Given.RefreshToken[5..16];
        string escaped = Uri.EscapeDataString(Given.ClientSecret);
        string description = $"token {Given.RefreshToken} or {part} of {escaped}, {Given.ClientSecret}; {new string('y', 5000)}";
        string body = $$"""{"error":"bad\r\n\u001b[31m{{new string('x', 500)}}","error_description":"{{description}}"}""";

        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(400, body), o =>
        {
            o.ClientAuthentication = ClientAuthentication.ClientSecretPost;
            o.ClientSecret = Given.ClientSecret;
        });

        result.Error.Should().StartWith("bad").And.HaveLength(100).And.NotContainAny("\r", "\n", "\u001b");
        result.ErrorDescription.Should().StartWith("token *** or *** of ***, ***; yyy").And.HaveLength(300);
    }

    [Fact]
    [FailureMode("F88")]
    public async Task An_exception_that_repeats_a_secret_is_replaced()
    {
        var handler = new FakeHandler((_, body, _) => throw new InvalidOperationException($"unexpected body: {body}"));

        TokenEndpointResult result = await Given.AnswerAsync(handler);

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.Exception!.ToString().Should().NotContain(Given.RefreshToken).And.Contain("InvalidOperationException");
    }

    private sealed class FixedClassifier(TokenEndpointOutcome? says) : ITokenErrorClassifier
    {
        public TokenErrorResponse? Asked { get; private set; }

        public TokenEndpointOutcome? Classify(TokenErrorResponse error)
        {
            Asked = error;
            return says;
        }
    }
}
