using System.Text;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Endpoint;

public sealed class JwtTests
{
    [Theory]
    [FailureMode("F73", "F124", "F126")]
    [InlineData("""{"sub":"a","exp":1787613382,"nested":{"exp":5}}""", 17876133820000000)]
    [InlineData("""{"exp":1787613382.25}""", 17876133822500000)]
    [InlineData("""{"exp":1.787613382e9}""", 17876133820000000)]
    [InlineData("""{"exp":1787613382250}""", 17876133822500000)]
    [InlineData("""{"exp":1787613382250000}""", 17876133822500000)]
    [InlineData("""{"exp":1787613382250000000}""", 17876133822500000)]
    [InlineData("""{"exp":1,"exp":2}""", 20000000)]
    [InlineData(""" {"n":"ü?>~","exp":2} """, 20000000)]
    public void The_expiry_claim_of_a_JWT_is_read(string claims, long ticks)
    {
        Jwt.TryReadExpiry(Token(claims)).Should().Be(DateTimeOffset.UnixEpoch.AddTicks(ticks));
    }

    [Fact]
    public void An_unsecured_JWT_has_an_empty_signature()
    {
        Jwt.TryReadExpiry(Token("""{"exp":2}""", signature: "")).Should().Be(DateTimeOffset.UnixEpoch.AddSeconds(2));
    }

    [Theory]
    [InlineData("""{"exp":253402300800}""")]
    [InlineData("""{"exp":9223372036854775807}""")]
    [InlineData("""{"exp":1e30}""")]
    [InlineData("""{"exp":1e400}""")]
    public void A_far_off_expiry_is_clamped(string claims)
    {
        Jwt.TryReadExpiry(Token(claims)).Should().Be(DateTimeOffset.MaxValue);
    }

    [Theory]
    [InlineData("""{"sub":"a"}""")]
    [InlineData("""{"exp":"1787613382"}""")]
    [InlineData("""{"exp":null}""")]
    [InlineData("""{"exp":{"exp":5}}""")]
    [InlineData("""{"exp":0}""")]
    [InlineData("""{"exp":-5}""")]
    [InlineData("""{"exp":-1e400}""")]
    [InlineData("""{"exp":5""")]
    [InlineData("""{"exp":5}x""")]
    [InlineData("""[{"exp":5}]""")]
    [InlineData("")]
    public void Claims_without_a_readable_expiry_give_none(string claims)
    {
        Jwt.TryReadExpiry(Token(claims)).Should().BeNull();
    }

    [Fact]
    public void A_claim_whose_name_is_no_text_does_not_throw()
    {
        var act = () => Jwt.TryReadExpiry(Token("""{"e\ud800":6,"exp":7}"""));

        act.Should().NotThrow();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("opaque-token")]
    [InlineData("..")]
    [InlineData("a.b.c")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAiOjV9")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAiOjV9.c.d.e")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAiOjV9=.c")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAi OjV9.c")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAiOjV9.c!")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJleHAiOjV9w.c")]
    [InlineData("bm8tanNvbg.eyJleHAiOjV9.c")]
    [InlineData("ü.eyJleHAiOjV9.c")]
    public void A_token_that_is_no_JWT_gives_none(string? token)
    {
        Jwt.TryReadExpiry(token!).Should().BeNull();
    }

    [Fact]
    public void A_token_cut_or_garbled_at_any_place_never_throws()
    {
        var token = Token("""{"sub":"ü","exp":1787613382}""");

        var act = () =>
        {
            for (var i = 0; i < token.Length; i++)
            {
                Jwt.TryReadExpiry(token[..i]);
                Jwt.TryReadExpiry(token[..i] + '\uD800' + token[(i + 1)..]);
                Jwt.TryReadExpiry(token[..i] + 'z' + token[(i + 1)..]);
            }
        };

        act.Should().NotThrow();
    }

    private static string Token(string claims, string signature = "c2ln") =>
        $"{Encode("""{"alg":"RS256"}""")}.{Encode(claims)}.{signature}";

    private static string Encode(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
