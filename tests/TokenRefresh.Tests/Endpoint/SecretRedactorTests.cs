using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Endpoint;

public sealed class SecretRedactorTests
{
    private const string Token = "rt-0123456789-abcdefghij";

    [Theory]
    [FailureMode("F88")]
    [InlineData("rt-0123456789-abcdefghij", "***")]
    [InlineData("the token rt-0123456789-abcdefghij.", "the token ***.")]
    [InlineData("123456789", "***")]
    [InlineData("12345678", "12345678")]
    [InlineData("0123456789-abcxyz 6789-abcdefg", "***xyz ***")]
    [InlineData("123456789 123456789", "*** ***")]
    [InlineData("hunter2 and xhunter2hunter2x", "*** and x***x")]
    [InlineData("a%2Fb%3Dc%2Bd%26e f", "*** f")]
    [InlineData("nothing", "nothing")]
    public void Secrets_and_parts_of_them_longer_than_eight_characters_are_masked(string text, string expected)
    {
        var redactor = new SecretRedactor(["hunter2", "a/b=c+d&e"], Token, null, "");

        redactor.Clean(text, 300).Should().Be(expected);
    }

    [Fact]
    [FailureMode("F88")]
    public void A_long_token_is_masked_wherever_it_is_cut()
    {
        string token = string.Concat(Enumerable.Range(0, 400).Select(i => (char)('!' + (i * 7 % 94))));
        var redactor = new SecretRedactor([], token);

        for (int from = 0; from + 9 <= token.Length; from += 13)
        {
            for (int length = 9; from + length <= token.Length; length += 57)
            {
                redactor.Clean($" {token.Substring(from, length)} ", 2000).Should().Be("***");
            }
        }
    }
}
