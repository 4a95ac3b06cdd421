using System.Text;
using FluentAssertions;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

public sealed class CredentialsDocumentWritingTests
{
    private static readonly OAuthCredentials Next = new("at-2", "rt-2", DateTimeOffset.FromUnixTimeMilliseconds(1799999999000));

    [Fact]
    [FailureMode("F43", "F41")]
    public void Only_the_changed_members_are_replaced()
    {
        var stored = """
            {
              "mcpOAuth" : { "srv": { "accessToken": "not-ours", "expiresAt": 1787613382524.616, "x": 1.50e+3 } },
              "claudeAiOauth": {
                "accessToken": "at-1",  "rateLimitTier":"\u0064efault",
                "refreshToken": "rt-1",
                "expiresAt": 1787613382524.616,
                "scopes": ["user:inference",   "user:profile"],
                "subscriptionType": null,
                "futureKey": [1, 2.0, {"a": "b", "a": "c"}]
              },
              "z": "last"
            }


            """;

        var written = With(stored, Next);

        written.Should().Be(stored
            .Replace("at-1", "at-2", StringComparison.Ordinal)
            .Replace("rt-1", "rt-2", StringComparison.Ordinal)
            .Replace("\"expiresAt\": 1787613382524.616,\n", "\"expiresAt\": 1799999999000,\n", StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_login_leaves_every_byte_as_it_is()
    {
        var stored = """
            {"claudeAiOauth":{"accessToken":"\u0061t","refreshToken":"rt","expiresAt":"1787613382524.6","refreshTokenExpiresAt":1e12,
            "scopes":"a  b"}}
            """;
        var document = Parse(stored);

        Encoding.UTF8.GetString(document.With(document.Credentials!)).Should().Be(stored);
    }

    [Fact]
    public void A_document_without_this_login_gets_the_unknown_members_of_the_one_it_came_from()
    {
        CredentialsDocument former = Parse(
            """{"claudeAiOauth":{"accessToken":"at-1","subscriptionType":"max","refreshToken":"rt-1"},"z":1}""");

        string written = With("""{"other":1}""", Next.WithModel(former.LoginObject));

        former.FurtherMembers.Should().Equal("subscriptionType");
        written.Should().Be(
            """
            {"claudeAiOauth":{"expiresAt":1799999999000,"accessToken":"at-2","subscriptionType":"max","refreshToken":"rt-2"},"other":1}
            """);
    }

    [Theory]
    [InlineData("\"2026-08-24T23:16:22.524123456Z\"", "\"2027-01-15T08:00:00.000000000Z\"")]
    [InlineData("null", "\"2027-01-15T08:00:00.000Z\"")]
    public void The_document_of_codex_keeps_its_shape_and_says_when_it_was_refreshed(string lastRefresh, string expected)
    {
        var stored = $$"""
            {
              "OPENAI_API_KEY": null,
              "tokens": {
                "id_token": "a.b.c",
                "access_token": "at-1",
                "refresh_token": "rt-1",
                "account_id": "account"
              },
              "last_refresh": {{lastRefresh}}
            }
            """;
        var next = new OAuthCredentials("at-2", "rt-2", DateTimeOffset.FromUnixTimeSeconds(5)) { ContinuesLogin = true };

        var written = Parse(stored).With(next, DateTimeOffset.FromUnixTimeSeconds(1800000000));

        Encoding.UTF8.GetString(written).Should().Be(stored
            .Replace("at-1", "at-2", StringComparison.Ordinal)
            .Replace("rt-1", "rt-2", StringComparison.Ordinal)
            .Replace("\"last_refresh\": " + lastRefresh, "\"last_refresh\": " + expected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_login_of_codex_that_is_not_another_one_was_not_refreshed()
    {
        var stored = """{"tokens":{"access_token":"at-1","refresh_token":"rt-1"},"last_refresh":"2026-08-24T23:16:22Z"}""";

        With(stored, new OAuthCredentials("at-1", "rt-1")).Should().Be(stored);
    }

    [Theory]
    [InlineData("", "\n")]
    [InlineData("  \r\n ", "\n")]
    [InlineData("{}", "")]
    [InlineData("{ \n }\r\n", "\r\n")]
    public void An_empty_document_becomes_one_that_holds_the_login(string stored, string end)
    {
        With(stored, Next)
            .Should().Be("""{"claudeAiOauth":{"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000}}""" + end);
    }

    [Fact]
    public void An_empty_flat_document_holds_all_that_is_known_of_the_login()
    {
        var next = new OAuthCredentials("at-2", "rt-2")
        {
            RefreshTokenExpiresAt = DateTimeOffset.FromUnixTimeSeconds(7),
            Scopes = ["a", "b"],
            TokenType = "Bearer",
        };

        var written = With("", next, CredentialsFileFormat.FlatOAuth);

        written.Should().Be("""
            {"access_token":"at-2","refresh_token":"rt-2","expires_at":null,
            "refresh_token_expires_at":7,"scope":"a b","token_type":"Bearer"}
            """.ReplaceLineEndings("") + "\n");
    }

    [Fact]
    public void The_byte_order_mark_stays()
    {
        With("\uFEFF", Next).Should().StartWith("\uFEFF{");
        With("\uFEFF{\"access_token\":\"at-1\"}", new OAuthCredentials("at-2", null)).Should().Be("\uFEFF{\"access_token\":\"at-2\"}");
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"claudeAiOauth":{"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000},"a":1}""")]
    [InlineData("""{ "a": 1 }""", """{"claudeAiOauth":{"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000}, "a": 1 }""")]
    [InlineData(
        """{"a":1,"claudeAiOauth": null }""",
        """{"a":1,"claudeAiOauth": {"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000} }""")]
    [InlineData(
        """{"a":1,"claudeAiOauth":{ }}""",
        """{"a":1,"claudeAiOauth":{"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000}}""")]
    [InlineData(
        "{\r\n\t\"a\": 1\r\n}\r\n",
        "{\"claudeAiOauth\":{\"accessToken\":\"at-2\",\"refreshToken\":\"rt-2\",\"expiresAt\":1799999999000},\r\n\t\"a\": 1\r\n}\r\n")]
    public void A_missing_section_is_inserted_behind_the_opening_brace(string stored, string expected)
    {
        With(stored, Next).Should().Be(expected);
    }

    [Theory]
    [InlineData(
        """{"claudeAiOauth":{"accessToken":"at-1","x":1}}""",
        """{"claudeAiOauth":{"refreshToken":"rt-2","expiresAt":1799999999000,"accessToken":"at-2","x":1}}""")]
    [InlineData(
        """{"claudeAiOauth":{"x":1, "refreshToken":"rt-2"}}""",
        """{"claudeAiOauth":{"accessToken":"at-2","expiresAt":1799999999000,"x":1, "refreshToken":"rt-2"}}""")]
    [InlineData(
        """{"claudeAiOauth":{"x":1}}""",
        """{"claudeAiOauth":{"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000,"x":1}}""")]
    [InlineData(
        "{\"claudeAiOauth\":{\n  \"expiresAt\": 0,\n  \"x\": 1\n}}",
        "{\"claudeAiOauth\":{\"accessToken\":\"at-2\",\"refreshToken\":\"rt-2\",\n  \"expiresAt\": 1799999999000,\n  \"x\": 1\n}}")]
    public void A_missing_member_is_inserted_behind_the_opening_brace(string stored, string expected)
    {
        With(stored, Next).Should().Be(expected);
    }

    [Theory]
    [InlineData("1790000000000", true, "")]
    [InlineData("{\"odd\":1}", true, "")]
    [InlineData("1790000000000", false, ",\"refreshTokenExpiresAt\":1790000000000")]
    [InlineData("{\"odd\":1}", false, ",\"refreshTokenExpiresAt\":{\"odd\":1}")]
    public void The_old_refresh_tokens_expiry_does_not_outlive_it(string value, bool isRotated, string expected)
    {
        var stored = $$$"""{"claudeAiOauth":{"accessToken":"at-1","refreshToken":"rt-1","refreshTokenExpiresAt":{{{value}}},"x":1}}""";

        var refreshToken = isRotated ? "rt-2" : "rt-1";

        var written = With(stored, new OAuthCredentials("at-2", refreshToken));

        written.Should().Be($$$"""{"claudeAiOauth":{"accessToken":"at-2","refreshToken":"{{{refreshToken}}}"{{{expected}}},"x":1}}""");
    }

    [Fact]
    public void The_new_refresh_tokens_expiry_takes_the_old_ones_place()
    {
        var written = With(
            """{"claudeAiOauth":{"refreshTokenExpiresAt":"?","refreshToken":"rt-1","accessToken":"at-1"}}""",
            new OAuthCredentials("at-2", "rt-2") { RefreshTokenExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(42) });

        written.Should().Be("""{"claudeAiOauth":{"refreshTokenExpiresAt":42,"refreshToken":"rt-2","accessToken":"at-2"}}""");
    }

    [Theory]
    [InlineData("""{"refresh_token":"rt-1","access_token":"at-1"}""", """{"access_token":"at-2"}""")]
    [InlineData("""{"a":1,"refresh_token":"rt-1","access_token":"at-1","refresh_token":"rt-1"}""", """{"a":1,"access_token":"at-2"}""")]
    [InlineData("""{ "refresh_token":"rt-1" }""", """{"access_token":"at-2","expires_at":5}""")]
    [InlineData("""{"a":1, "refresh_token":"rt-1", "refresh_token_expires_at":5}""", """{"access_token":"at-2","expires_at":5,"a":1}""")]
    [InlineData("""{"refresh_token":"rt-1","refresh_token_expires_at":5,"a":1}""", """{"access_token":"at-2","expires_at":5,"a":1}""")]
    public void A_login_without_a_refresh_token_leaves_no_old_one(string stored, string expected)
    {
        var isKnown = expected.Contains("expires", StringComparison.Ordinal);
        var expiresAt = isKnown ? DateTimeOffset.FromUnixTimeSeconds(5) : (DateTimeOffset?)null;

        With(stored, new OAuthCredentials("at-2", null, expiresAt)).Should().Be(expected);
    }

    [Theory]
    [InlineData("\"scopes\":[\"a\",\"b\"]", "\"scopes\":[\"x\",\"y\"]")]
    [InlineData("\"scopes\": [ \"a\" ]", "\"scopes\": [\"x\",\"y\"]")]
    [InlineData("\"scopes\":\"a b\"", "\"scopes\":\"x y\"")]
    [InlineData("\"scopes\":null", "\"scopes\":[\"x\",\"y\"]")]
    [InlineData("\"scopes\":[\"x\" ,\"y\"]", "\"scopes\":[\"x\" ,\"y\"]")]
    [InlineData("\"scopes\":{\"of\":1}", "\"scopes\":{\"of\":1}")]
    [InlineData("\"s\":0", "\"scopes\":[\"x\",\"y\"],\"s\":0")]
    public void Scopes_keep_their_shape_and_odd_ones_are_left_alone(string stored, string expected)
    {
        var next = new OAuthCredentials("at-2", null) { Scopes = ["x", "y"] };

        var written = With($$$"""{"claudeAiOauth":{{{{stored}}},"accessToken":"at-2"}}""", next);

        written.Should().Be($$$"""{"claudeAiOauth":{{{{expected}}},"accessToken":"at-2"}}""");
    }

    [Theory]
    [InlineData("\"DPoP\"", "\"Bearer\"")]
    [InlineData("null", "\"Bearer\"")]
    [InlineData("[1]", "[1]")]
    public void The_token_type_is_written_where_the_format_has_a_member_for_it(string stored, string expected)
    {
        var next = new OAuthCredentials("at-1", null) { TokenType = "Bearer" };

        With($$"""{"access_token":"at-1","token_type":{{stored}}}""", next)
            .Should().Be($$"""{"access_token":"at-1","token_type":{{expected}}}""");
        With("""{"claudeAiOauth":{"accessToken":"at-1"}}""", next).Should().NotContain("Bearer");
        With("""{"access_token":"at-1","token_type":"DPoP"}""", new OAuthCredentials("at-1", null)).Should().Contain("DPoP");
    }

    [Fact]
    public void Of_duplicates_the_one_that_counts_is_replaced()
    {
        var written = With("""{"access_token":"first","x":1,"x":2,"access_token":"second"}""", new OAuthCredentials("at-2", null));

        written.Should().Be("""{"access_token":"first","x":1,"x":2,"access_token":"at-2"}""");
    }

    [Fact]
    [FailureMode("F78")]
    public void A_login_over_the_cleared_sentinel_leaves_nothing_of_it()
    {
        var stored = """{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"refreshTokenExpiresAt":1790000000000,"x":1}}""";

        var written = With(stored, Next);

        written.Should().Be("""{"claudeAiOauth":{"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000,"x":1}}""");
    }

    [Theory]
    [InlineData("q\"uote\\back/slash")]
    [InlineData("new\nline\tand\u0001control\u007f")]
    [InlineData("ü😀\u2028 <&'+>")]
    public void A_token_of_any_characters_comes_back_as_it_was(string token)
    {
        var written = Parse("""{"claudeAiOauth":{}}""").With(new OAuthCredentials(token, token + "r"));

        using var json = System.Text.Json.JsonDocument.Parse(written);
        json.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString().Should().Be(token);
        json.RootElement.GetProperty("claudeAiOauth").GetProperty("refreshToken").GetString().Should().Be(token + "r");
    }

    [Fact]
    [FailureMode("F12")]
    public void An_empty_access_token_is_never_written()
    {
        var act = () => With("""{"claudeAiOauth":{"accessToken":"at-1"}}""", new OAuthCredentials("", "rt-2"));

        act.Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData(0xD800, -1)]
    [InlineData(0xDC00, 0xD800)]
    [InlineData(0xD800, 'x')]
    public void A_token_that_UTF8_cannot_carry_is_refused_without_being_quoted(int first, int second)
    {
        // Put together here: the compiler's own UTF-8 would repair a lone surrogate in an attribute.
        var token = "SECRET" + (char)first + (second < 0 ? "" : ((char)second).ToString());

        var act = () => With("{}", new OAuthCredentials("at-2", token));

        act.Should().Throw<ArgumentException>().Which.ToString().Should().NotContain("SECRET");
    }

    [Fact]
    public void A_custom_name_is_escaped_where_it_must_be()
    {
        var format = new CredentialsFileFormat { Section = ["my \"login\""], AccessTokenMember = "a\\t" };

        var written = With("{\"x\":1}", new OAuthCredentials("at-2", null), format);

        written.Should().Be("""{"my \"login\"":{"a\\t":"at-2","expires_at":null},"x":1}""");
        Parse(written, format).Credentials!.AccessToken.Should().Be("at-2");
    }

    [Theory]
    [InlineData("""{"claudeAiOauth":{"accessToken":"at-1","x":1}}""", "{}")]
    [InlineData("""{"a": 1, "claudeAiOauth":{"accessToken":"at-1"}, "b":2}""", """{"a": 1, "b":2}""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"at-1"} , "b":2}""", """{"b":2}""")]
    [InlineData("{\n  \"b\": 2,\n  \"claudeAiOauth\": {}\n}\n", "{\n  \"b\": 2\n}\n")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"at-1"},"b":2,"claudeAiOauth":{"accessToken":"at-2"}}""", """{"b":2}""")]
    [InlineData(
        """{"access_token":"at-1","type":"oauth","refresh_token":"rt-1","expires_at":5,"scope":"a","token_type":"Bearer","version":1}""",
        """{"type":"oauth","version":1}""")]
    [InlineData("""{"access_token":"at-1","refresh_token":"rt-1"}""", "{}")]
    [InlineData(
        """{"OPENAI_API_KEY":null, "tokens":{"access_token":"at-1"}, "last_refresh":"2026-08-24T23:16:22Z"}""",
        """{"OPENAI_API_KEY":null}""")]
    [InlineData("""{"mcpOAuth":{"claudeAiOauth":{}}}""", """{"mcpOAuth":{"claudeAiOauth":{}}}""")]
    [InlineData("\uFEFF {} ", "\uFEFF {} ")]
    [InlineData("", "")]
    public void A_removed_login_leaves_all_else_byte_for_byte(string stored, string expected)
    {
        Encoding.UTF8.GetString(Parse(stored).Without()).Should().Be(expected);
    }

    [Theory]
    [FailureMode("F51")]
    [InlineData(true)]
    [InlineData(false)]
    public void A_document_of_5_MB_is_read_and_changed(bool isOneRecord)
    {
        var records = isOneRecord
            ? $"\"mcpOAuth\":\"{new string('x', 5_000_000)}\""
            : string.Join(",", Enumerable.Range(0, 50_000).Select(i => $$"""
                "srv{{i}}":{"accessToken":"{{new string('x', 60)}}","expiresAt":{{i}}.5}
                """));
        var odd = new string('y', 100_000);
        var stored = $$$"""
            {{{{records}}},"claudeAiOauth":{"accessToken":"at-1","refreshToken":"rt-1","expiresAt":5,"x":"{{{odd}}}"},"last":1}
            """;

        var written = With(stored, Next);

        var expected = stored.Replace(
            "\"at-1\",\"refreshToken\":\"rt-1\",\"expiresAt\":5",
            "\"at-2\",\"refreshToken\":\"rt-2\",\"expiresAt\":1799999999000",
            StringComparison.Ordinal);
        string.Equals(written, expected, StringComparison.Ordinal).Should().BeTrue("only the login's members change");
    }

    private static CredentialsDocument Parse(string json, CredentialsFileFormat? format = null) =>
        CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), format ?? CredentialsFileFormat.Auto);

    private static string With(string json, OAuthCredentials next, CredentialsFileFormat? format = null) =>
        Encoding.UTF8.GetString(Parse(json, format).With(next));
}
