using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests;

public sealed class AccessTokenTests
{
    [Fact]
    [FailureMode("F88")]
    public void ToString_shows_type_and_expiry_and_no_part_of_the_token()
    {
        var token = new AccessToken("secret-access-token-value", DateTimeOffset.UnixEpoch);

        token.ToString().Should().Be("Bearer access token, expires 1970-01-01T00:00:00.0000000+00:00");
    }

    [Fact]
    public void The_authorization_header_carries_the_type_and_another_header_the_token_alone()
    {
        new AccessToken("abc").HeaderValue.Should().Be("Bearer abc");
        new AccessToken("abc", headerName: "x-api-key").HeaderValue.Should().Be("abc");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer\r\nX-Injected: 1")]
    [InlineData("two words")]
    public void A_type_that_is_no_scheme_is_refused(string tokenType)
    {
        Action act = () => _ = new AccessToken("abc", tokenType: tokenType);

        act.Should().Throw<ArgumentException>().Which.ParamName.Should().Be("tokenType");
    }

    [Theory]
    [InlineData("")]
    [InlineData("two\r\nlines")]
    public void A_value_that_no_header_can_carry_is_refused(string value)
    {
        Action act = () => _ = new AccessToken(value);

        act.Should().Throw<ArgumentException>();
    }
}
