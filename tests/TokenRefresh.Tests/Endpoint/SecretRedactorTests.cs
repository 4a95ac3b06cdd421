using System.Net;
using System.Text;
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
        var redactor = new SecretRedactor("hunter2", "a/b=c+d&e", Token, null, "");

        redactor.Clean(text, 300).Should().Be(expected);
    }

    // Two short ones of which one is the beginning of the other, one that overlaps itself, one with a sign that every encoding escapes.
    [Theory]
    [FailureMode("F88")]
    [InlineData("hunter hunter2 hunter3", "*** *** ***3")]
    [InlineData("abababa", "***")]
    [InlineData("xababx", "xababx")]
    [InlineData("a%2fb%3dc%2Bd%26e+f", "***")]
    [InlineData("a\\/b\\u003dc\\u002Bd\\u0026e f", "***")]
    [InlineData("a%252Fb%253Dc%252Bd%2526e%2520f", "***")]
    [InlineData("{\"echo\":\"a%2Fb\\u003dc+d&e f\"}", "{\"echo\":\"***\"}")]
    [InlineData("100% of a\\b, %zz, \\u00", "100% of a\\b, %zz, \\u00")]
    [InlineData("say \\\"caf\u00e9\\\" and caf%C3%A9\\u0022caf\\u00E9", "say \\\"caf\u00e9\\\" and ***")]
    public void Secrets_are_found_overlapping_inside_each_other_and_escaped(string text, string expected)
    {
        var redactor = new SecretRedactor("hunter", "hunter2", "ababa", "a/b=c+d&e f", "caf\u00e9\"caf\u00e9", Token);

        redactor.Clean(text, 300).Should().Be(expected);
    }

    [Theory]
    [FailureMode("F88")]
    [InlineData("hunter2", "")]
    [InlineData("hunter2", "my-cli:")]
    [InlineData("hunter2", "tool:")]
    [InlineData("correct horse/battery?staple>", "a")]
    [InlineData("correct horse/battery?staple>", "ab")]
    [InlineData("correct horse/battery?staple>", "abc")]
    public void A_secret_is_found_in_base64_wherever_it_stands_in_it(string secret, string before)
    {
        var redactor = new SecretRedactor(secret);
        foreach (string plain in new[] { $"{before}{secret}", $"{before}{secret}:more", $"{before}{WebUtility.UrlEncode(secret)}" })
        {
            string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(plain));
            foreach (string shown in new[] { encoded, encoded.Replace('+', '-').Replace('/', '_'), Uri.EscapeDataString(encoded) })
            {
                string? cleaned = redactor.Clean($"Authorization: Basic {shown} refused", 300);

                // What is left of it belongs to what surrounds the secret.
                cleaned.Should().Contain("***");
                string rest = cleaned!["Authorization: Basic ".Length..^" refused".Length];
                rest.Replace("***", "", StringComparison.Ordinal).Length
                    .Should().BeLessThanOrEqualTo(shown.Length - (secret.Length * 4 / 3) + 2);
            }
        }
    }

    // A search for each secret at each place would take so long that this test would not come to its end.
    [Theory]
    [FailureMode("F88")]
    [InlineData(false)]
    [InlineData(true)]
    public void The_work_does_not_grow_with_the_product_of_text_and_secrets(bool isEscaped)
    {
        const int Length = 1 << 20;
        string[] secrets = [.. Enumerable.Range(1, 1000).Select(i => new string('a', i) + 'b'), new string('a', Length / 4) + 'c', "aaaa"];
        string text = isEscaped ? string.Concat(Enumerable.Repeat("%61\\u0061", Length / 9)) : new string('a', Length);
        var redactor = new SecretRedactor(secrets);

        Exception cleaned = redactor.Clean(new IOException(text));

        cleaned.Message.Should().Contain("withheld");
        redactor.Clean(text, Length).Should().Be("***");
    }

    [Fact]
    [FailureMode("F88")]
    public void A_long_token_is_masked_wherever_it_is_cut()
    {
        string token = string.Concat(Enumerable.Range(0, 400).Select(i => (char)('!' + (i * 7 % 94))));
        var redactor = new SecretRedactor(token);

        for (int from = 0; from + 9 <= token.Length; from += 13)
        {
            for (int length = 9; from + length <= token.Length; length += 57)
            {
                redactor.Clean($" {token.Substring(from, length)} ", 2000).Should().Be("***");
            }
        }
    }
}
