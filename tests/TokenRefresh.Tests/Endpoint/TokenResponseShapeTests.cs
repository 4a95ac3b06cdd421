using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>Answers in other shapes than RFC 6749 section 5.1 asks for.</summary>
public sealed class TokenResponseShapeTests
{
    [Theory]
    [FailureMode("F90", "F123")]
    [InlineData("access_token=at&refresh_token=rt-new&expires_in=36", "rt-new")]
    [InlineData("access_token=at&refresh_token=rt-n", null)]
    public async Task A_form_that_is_cut_off_gives_its_refresh_token_if_that_is_complete_and_no_tokens(string sent, string? expected)
    {
        await using var server = new WireServer(async e =>
        {
            await e.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 200\r\n\r\n{sent}");
            e.Close();
        });
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.RecoveredRefreshToken.Should().Be(expected);
        result.IsWithoutTokens.Should().BeFalse("the answer was lost on the way");
    }

    [Theory]
    [FailureMode("F123")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData("text/html")]
    [InlineData("application/json")]
    [InlineData(null)]
    public async Task A_form_encoded_answer_is_read_like_json_whatever_its_media_type(string? mediaType)
    {
        const string Form = "access_token=a%2Bt&scope=repo+user%3Aemail&token_type=bearer&refresh_token=r%26t&expires_in=3600\n";

        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(200, Form, mediaType));

        result.Response.Should().BeEquivalentTo(new TokenResponse("a+t", "r&t", TimeSpan.FromHours(1))
        {
            Scopes = ["repo", "user:email"],
            TokenType = "Bearer",
        });
    }

    [Theory]
    [FailureMode("F112")]
    [InlineData("""{"message":{"access_token":"at","refresh_token":"rt","expires_in":60}}""")]
    [InlineData("""{"code":0,"message":"success","data":{"accessToken":"at","refreshToken":"rt","expiresIn":60}}""")]
    [InlineData("""{"AuthenticationResult":{"AccessToken":"at","RefreshToken":"rt","ExpiresIn":60}}""")]
    [InlineData("""{"result":{"session":{"user":{"id":7},"token":{"access_token":"at","refresh_token":"rt","expires_in":60}}}}""")]
    [InlineData("""[{"access_token":"at","refresh_token":"rt","expires_in":60}]""")]
    [InlineData("""{"refresh_token":"rt","expires_in":60,"token":{"access_token":"at"}}""")]
    [InlineData("""{"error":{"code":0},"data":{"attributes":{"access-token":"at","refresh-token":"rt","expires-in":"60"}}}""")]
    [InlineData("""{"access":{"access_token":"at"},"refresh":{"refresh_token":"rt"},"expires_in":60}""")]
    [InlineData("""{"access_token":{"token":"at"},"refresh_token":{"value":"rt"},"expires_in":60}""")]
    [InlineData("""{"body":"{\"access_token\":\"at\",\"refresh_token\":\"rt\",\"expires_in\":60}"}""")]
    [InlineData("""{"body":"access_token=at&refresh_token=rt&expires_in=60"}""")]
    [InlineData("\"{\\\"access_token\\\":\\\"at\\\",\\\"refresh_token\\\":\\\"rt\\\",\\\"expires_in\\\":60}\"")]
    [InlineData(")]}',\n{\"access_token\":\"at\",\"refresh_token\":\"rt\",\"expires_in\":60}")]
    [InlineData("data=%7B%22access_token%22%3A%22at%22%2C%22refresh_token%22%3A%22rt%22%2C%22expires_in%22%3A60%7D")]
    [InlineData("ok=1&data[access_token]=at&data[refresh_token]=rt&data[expires_in]=60")]
    [InlineData("data%5Baccess_token%5D=at&data%5Brefresh_token%5D=rt&expires%5Fin=60")]
    [InlineData("token.access_token=at&token.refresh_token=rt&expires_in=60")]
    [InlineData("""{"data":{"access_token":null},"tokens":[7,{"access_token":"at","refresh_token":"rt","expires_in":60}]}""")]
    public async Task Tokens_in_an_envelope_are_found(string body)
    {
        TokenResponse response = await Given.ResponseAsync(body);

        response.AccessToken.Should().Be("at");
        response.RefreshToken.Should().Be("rt");
        response.ExpiresIn.Should().Be(TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData("""["DPoP"]""", "DPoP")]
    [InlineData("""["bearer"]""", "Bearer")]
    [InlineData("[]", null)]
    public async Task A_token_type_in_an_array_is_read(string value, string? expected)
    {
        TokenResponse response = await Given.ResponseAsync($$"""{"access_token":"at","token_type":{{value}}}""");

        response.TokenType.Should().Be(expected);
    }

    [Fact]
    [FailureMode("F112")]
    public async Task Another_token_beside_the_one_at_the_top_is_left_alone()
    {
        TokenResponse response = await Given.ResponseAsync(
            """{"ok":true,"access_token":"at","authed_user":{"access_token":"other","refresh_token":"other"}}""");

        response.AccessToken.Should().Be("at");
        response.RefreshToken.Should().BeNull();
    }

    [Theory]
    [FailureMode("F112")]
    [InlineData("""{"status":"ok","id":"42"}""", "application/json", "25 bytes of 'application/json'")]
    [InlineData("""{"error":"weird","error_description":"words"}""", "application/json", "HTTP 200, 'weird': words, but")]
    [InlineData("\"a-bare-token\"", "application/json", "HTTP 200, but its 14 bytes")]
    [InlineData("a-bare-token", "text/plain", "HTTP 200, but its 12 bytes")]
    [InlineData("token=a-bare-token", "text/plain", "HTTP 200, but its 18 bytes")]
    [InlineData("<html>Sign in to the hotel</html>", "text/html", "33 bytes of 'text/html'")]
    [InlineData("", null, "0 bytes of 'unknown type'")]
    public async Task An_answer_without_tokens_is_no_lost_one_and_says_what_it_lacked(string body, string? mediaType, string named)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(200, body, mediaType));

        result.IsWithoutTokens.Should().BeTrue();
        result.Exception.Should().BeOfType<InvalidDataException>()
            .Which.Message.Should().Contain("'access_token'")
            .And.Contain(named)
            .And.Contain("HTTP 200")
            .And.NotContain("a-bare-token");
        result.DescribeAnswer().Should().NotContain("a-bare-token");
    }

    [Theory]
    [FailureMode("F112")]
    [InlineData("""{"token":"at","refresh_token":"rt-new"}""")]
    [InlineData("""{"data":{"accessToken":"","refreshToken":"rt-new"}}""")]
    [InlineData("token=at&refresh_token=rt-new")]
    public async Task A_refresh_token_in_a_whole_answer_without_an_access_token_is_kept_and_the_answer_counts_as_one(string body)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(200, body));

        result.RecoveredRefreshToken.Should().Be("rt-new");
        result.IsWithoutTokens.Should().BeTrue();
    }

    [Theory]
    [FailureMode("F126")]
    [InlineData("\"expires_at\":1767229200", 3600d)]
    [InlineData("\"expires_at\":\"1767229200\"", 3600d)]
    [InlineData("\"expires_at\":1767229200.5", 3600.5)]
    [InlineData("\"expiresAt\":1767229200000", 3600d)]
    [InlineData("\"expiry_date\":1767229200000", 3600d)]
    [InlineData("\"expires_at\":1767229200000000", 3600d)]
    [InlineData("\"expires_on\":\"1767229200\"", 3600d)]
    [InlineData("\"expires_at\":\"2026-01-01T01:00:00Z\"", 3600d)]
    [InlineData("\"expires_at\":\"2026-01-01T03:00:00.5+02:00\"", 3600.5)]
    [InlineData("\"expiry\":\"2026-01-01T01:00:00\"", 3600d)]
    [InlineData("\"expires_at\":3600", 3600d)]
    [InlineData("\"expires_at\":1767229200,\"expires_in\":60", 60d)]
    [InlineData("\"expires_at\":1767225600", null)]
    [InlineData("\"expires_at\":1e400", 3155760000d)]
    [InlineData("\"expires_at\":253402300799", 3155760000d)]
    [InlineData("\"expires_at\":9223372036854775807", 3155760000d)]
    [InlineData("\"expires_at\":0", null)]
    [InlineData("\"expires_at\":-1", null)]
    [InlineData("\"expires_at\":\"tomorrow\"", null)]
    [InlineData("\"expires_at\":null", null)]
    [InlineData("\"expires_at\":\"9999-12-31T23:59:59Z\"", 3155760000d)]
    public async Task A_time_of_expiry_counts_where_there_is_no_lifetime(string member, double? seconds)
    {
        TokenEndpointResult result = await Given.AnswerAsync(
            FakeHandler.Answering(200, $$"""{"access_token":"at",{{member}},"refresh_token":"rt"}"""), time: new ManualTimeProvider());

        result.Response!.ExpiresIn.Should().Be(seconds is { } s ? TimeSpan.FromSeconds(s) : null);
        result.Response.RefreshToken.Should().Be("rt");
    }

    [Fact]
    [FailureMode("F126")]
    public async Task A_time_of_expiry_is_held_against_the_server_s_own_clock()
    {
        var handler = new FakeHandler(_ =>
        {
            HttpResponseMessage response = FakeHandler.Response(
                200, """{"access_token":"at","expires_at":1767229200,"refresh_token_expires_at":1767229200}""");
            response.Headers.Date = DateTimeOffset.FromUnixTimeSeconds(1767229140);
            return response;
        });

        TokenEndpointResult result = await Given.AnswerAsync(handler, time: new ManualTimeProvider());

        result.Response!.ExpiresIn.Should().Be(TimeSpan.FromMinutes(1));
        result.Response.RefreshTokenExpiresIn.Should().Be(TimeSpan.FromMinutes(1));
    }
}
