using System.Text;
using FluentAssertions;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

public sealed class CredentialsDocumentReadingTests
{
    [Fact]
    public void Claude_Codes_section_is_read_with_all_its_members()
    {
        var document = Parse("""
            {"mcpOAuth":{},"claudeAiOauth":{"accessToken":"at-1","refreshToken":"rt-1","expiresAt":1787613382524,
             "refreshTokenExpiresAt":1790000000000,"scopes":["user:inference","user:profile"],"subscriptionType":"max"}}
            """);

        document.Format.Should().BeSameAs(CredentialsFileFormat.ClaudeCode);
        var expiresAt = DateTimeOffset.FromUnixTimeMilliseconds(1787613382524);
        document.Credentials.Should().BeEquivalentTo(new OAuthCredentials("at-1", "rt-1", expiresAt)
        {
            RefreshTokenExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(1790000000000),
            Scopes = ["user:inference", "user:profile"],
        });
    }

    [Fact]
    public void The_flat_format_is_recognized_and_read_with_its_own_unit_of_time()
    {
        var document = Parse("""
            {"type":"oauth","access_token":"at-1","refresh_token":"rt-1","expires_at":1787613382,
            "scope":"a b","token_type":"DPoP","version":1}
            """);

        document.Format.Should().BeSameAs(CredentialsFileFormat.FlatOAuth);
        document.Credentials.Should().BeEquivalentTo(new OAuthCredentials("at-1", "rt-1", DateTimeOffset.FromUnixTimeSeconds(1787613382))
        {
            Scopes = ["a", "b"],
            TokenType = "DPoP",
        });
    }

    [Fact]
    public void The_document_of_codex_is_recognized_and_has_no_expiry_of_its_own()
    {
        var document = Parse("""
            {"OPENAI_API_KEY":null,"tokens":{"id_token":"a.b.c","access_token":"at-1","refresh_token":"rt-1","account_id":"account"},
             "last_refresh":"2026-08-24T23:16:22.524123Z"}
            """);

        document.Format.Should().BeSameAs(CredentialsFileFormat.Codex);
        document.Credentials.Should().BeEquivalentTo(new OAuthCredentials("at-1", "rt-1") { AccountId = "account", IdToken = "a.b.c" });
    }

    [Theory]
    [InlineData("""{"tokens":{"refresh_token":"rt-1"}}""")]
    [InlineData("""{"tokens":null,"last_refresh":"2026-08-24T23:16:22Z","access_token":"flat"}""")]
    [InlineData("""{"tokens":{},"last_refresh":null}""")]
    [InlineData("""{"tokens":{"access_token":"at-1"},"access_token":"flat"}""")]
    public void A_document_of_codex_is_told_by_tokens_or_last_refresh(string json)
    {
        Parse(json).Format.Should().BeSameAs(CredentialsFileFormat.Codex);
    }

    [Theory]
    [InlineData("""{"tokens":{"access_token":"at-1"},"claudeAiOauth":{}}""")]
    [InlineData("""{"tokens":{"a":"at-1"}}""")]
    [InlineData("""{"tokens":17}""")]
    public void Tokens_beside_Claude_Codes_section_and_a_tokens_without_any_are_another_programs(string json)
    {
        Parse(json).Format.Should().BeSameAs(CredentialsFileFormat.ClaudeCode);
    }

    [Fact]
    public void The_cache_of_the_AWS_CLI_is_read_with_its_ISO_times_if_it_is_named()
    {
        const string Json = """
            {"startUrl":"https://a.example.com/start","region":"eu-west-1","accessToken":"at-1","expiresAt":"2026-08-24T23:16:22Z",
             "clientId":"c","clientSecret":"s","registrationExpiresAt":"2026-11-24T23:16:22Z","refreshToken":"rt-1"}
            """;

        CredentialsDocument document = Parse(Json, CredentialsFileFormat.AwsSso);

        document.Credentials.Should().BeEquivalentTo(new OAuthCredentials("at-1", "rt-1", DateTimeOffset.FromUnixTimeSeconds(1787613382)));
        Parse(Json).Credentials.Should().BeNull("other programs keep the same members otherwise");
    }

    [Fact]
    public void A_section_may_have_the_name_of_the_token_in_it()
    {
        var format = new CredentialsFileFormat { Section = ["token"], AccessTokenMember = "token" };

        Parse("""{"token":{"token":"at-1"}}""", format).Credentials!.AccessToken.Should().Be("at-1");
        Encoding.UTF8.GetString(Parse("""{"token":{"token":"at-1"}}""", format).With(new OAuthCredentials("at-2", null)))
            .Should().Be("""{"token":{"token":"at-2"}}""");
    }

    [Fact]
    public void A_custom_format_is_a_few_names()
    {
        var format = new CredentialsFileFormat
        {
            Section = ["my login"],
            AccessTokenMember = "at",
            RefreshTokenMember = "rt",
            ExpiresAtMember = "exp",
            TimeUnit = CredentialsTimeUnit.Milliseconds,
        };

        var document = Parse("""{"my login":{"rt":"rt-1","at":"at-1","exp":5000}}""", format);

        document.Credentials.Should().BeEquivalentTo(new OAuthCredentials("at-1", "rt-1", DateTimeOffset.FromUnixTimeSeconds(5)));
    }

    [Theory]
    [InlineData("""{"access_token":"flat","claudeAiOauth":{"accessToken":"claude"}}""", "claude")]
    [InlineData("""{"access_token":"flat","claudeAiOauth":{}}""", null)]
    [InlineData("""{"access_token":"flat","claudeAiOauth":null}""", "flat")]
    [InlineData("""{"accessToken":"camel case","claudeAiOauth":{"accessToken":"claude"}}""", "claude")]
    [InlineData("""{"accessToken":"camel case","access_token":"flat"}""", "flat")]
    [InlineData("""{"accessToken":"camel case"}""", null)]
    public void Of_both_formats_in_one_document_the_section_decides(string json, string? expected)
    {
        Parse(json).Credentials?.AccessToken.Should().Be(expected);
        (Parse(json).Credentials is null).Should().Be(expected is null);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \r\n\t ")]
    [InlineData("\uFEFF")]
    [InlineData("{}")]
    [InlineData("""{"mcpOAuth":{}}""")]
    [InlineData("""{"claudeAiOauth":{}}""")]
    [InlineData("""{"claudeAiOauth":null}""")]
    [InlineData("""{"claudeAiOauth":{"expiresAt":5,"subscriptionType":"max"}}""")]
    [InlineData("""{"claudeAiOauth":{"accessToken":null,"refreshToken":null}}""")]
    public void A_document_without_tokens_reads_as_nothing_stored(string json)
    {
        Parse(json).Credentials.Should().BeNull();
    }

    [Theory]
    [FailureMode("F78")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"refreshTokenExpiresAt":1790000000000}}""")]
    [InlineData("""{"access_token":"","refresh_token":"","expires_at":0}""")]
    public void The_cleared_sentinel_reads_as_signed_out(string json)
    {
        var credentials = Parse(json).Credentials;

        credentials!.IsSignedOut.Should().BeTrue();
        credentials.ExpiresAt.Should().BeNull();
    }

    [Fact]
    public void A_login_may_lack_its_refresh_token_or_its_access_token()
    {
        Parse("""{"claudeAiOauth":{"accessToken":"at-1"}}""").Credentials!.RefreshToken.Should().BeNull();
        Parse("""{"claudeAiOauth":{"refreshToken":"rt-1"}}""").Credentials!.AccessToken.Should().BeEmpty();
        Parse("""{"claudeAiOauth":{"refreshToken":"rt-1"}}""").Credentials!.IsSignedOut.Should().BeFalse();
    }

    [Fact]
    public void A_byte_order_mark_and_the_blanks_of_a_padded_write_are_no_hindrance()
    {
        var document = Parse("\uFEFF\n {\"claudeAiOauth\":{\"accessToken\":\"at-1\"}}" + new string(' ', 300));

        document.Credentials!.AccessToken.Should().Be("at-1");
    }

    [Fact]
    public void Escapes_in_names_and_values_are_decoded()
    {
        var document = Parse("""{"claude\u0041iOauth":{"access\u0054oken":"q\"\\\u00fc\ud83d\ude00/","refreshToken":"ü😀"}}""");

        document.Credentials!.AccessToken.Should().Be("q\"\\ü😀/");
        document.Credentials.RefreshToken.Should().Be("ü😀");
    }

    [Fact]
    public void Of_duplicates_the_last_one_counts()
    {
        var document = Parse("""
            {"claudeAiOauth":{"accessToken":"old"},"claudeAiOauth":{"accessToken":5,"refreshToken":"rt","accessToken":"new"}}
            """);

        document.Credentials!.AccessToken.Should().Be("new");
    }

    [Theory]
    [FailureMode("F77")]
    [InlineData("scopes", "5")]
    [InlineData("scopes", "{\"a\":[1]}")]
    [InlineData("scopes", "[1,\"a\"]")]
    [InlineData("scopes", "[[]]")]
    [InlineData("scopes", "[\"\\ud800\"]")]
    [InlineData("refreshTokenExpiresAt", "{}")]
    [InlineData("refreshTokenExpiresAt", "\"soon\"")]
    [InlineData("refreshTokenExpiresAt", "true")]
    [InlineData("subscriptionType", "[{}]")]
    [InlineData("\\ud800", "1")]
    [InlineData("accessToke\\ud800", "1")]
    public void A_member_that_is_not_needed_may_be_anything(string name, string value)
    {
        var document = Parse($$$"""{"claudeAiOauth":{"accessToken":"at-1","{{{name}}}":{{{value}}},"refreshToken":"rt-1"}}""");

        document.Credentials!.RefreshToken.Should().Be("rt-1");
        document.Credentials.Scopes.Should().BeNull();
        document.Credentials.RefreshTokenExpiresAt.Should().BeNull();
    }

    [Theory]
    [FailureMode("F45")]
    [InlineData("{", "The JSON ends before it is complete, at line 1, byte 2.")]
    [InlineData("{\n \"claudeAiOauth\":{\"accessToken\":\"SECRET\",", "The JSON ends before it is complete, at line 2, *")]
    [InlineData("{\n \"a\":SECRET}", "The JSON is not valid, at line 2, byte 6.")]
    [InlineData("{\"a\":1,}", "The JSON is not valid, at line 1, byte 8.")]
    [InlineData("{\"a\":1} // SECRET", "The JSON is not valid, *")]
    [InlineData("{\"a\":1} {}", "The JSON is not valid, *")]
    [InlineData("{\"a\":1}\0\0", "The JSON is not valid, *")]
    [InlineData("[\"SECRET\"]", "The top level of the JSON is an array, not an object, at line 1, byte 1.")]
    [InlineData("\n \"SECRET\"", "The top level of the JSON is a string, not an object, at line 2, byte 2.")]
    [InlineData("{\"claudeAiOauth\":\"SECRET\"}", "The member 'claudeAiOauth' is a string, not an object, at line 1, byte 18.")]
    [InlineData(
        "{\"claudeAiOauth\":{\n\"accessToken\":5}}",
        "The member 'claudeAiOauth.accessToken' is a number, not a string, at line 2, byte 15.")]
    [InlineData(
        "{\"claudeAiOauth\":{\"refreshToken\":[\"SECRET\"]}}",
        "The member 'claudeAiOauth.refreshToken' is an array, not a string, *")]
    [InlineData(
        "{\"claudeAiOauth\":{\"expiresAt\":true}}",
        "The member 'claudeAiOauth.expiresAt' is a boolean, not a number or an ISO 8601 time, *")]
    [InlineData(
        "{\"claudeAiOauth\":{\"expiresAt\":\"SECRET\"}}",
        "The member 'claudeAiOauth.expiresAt' is a string, not a number or an ISO 8601 time, *")]
    [InlineData(
        "{\"claudeAiOauth\":{\"accessToken\":\"SECRET\\ud800\"}}",
        "The member 'claudeAiOauth.accessToken' holds bytes or escapes that are no Unicode text, *")]
    [InlineData("{\"access_token\":{}}", "The member 'access_token' is an object, not a string, *")]
    public void What_cannot_be_read_is_refused_with_member_and_position_and_no_value(string json, string message)
    {
        var act = () => Parse(json);

        var exception = act.Should().Throw<CredentialsDocumentException>().WithMessage(message).Which;
        exception.ToString().Should().NotContain("SECRET");
        exception.InnerException.Should().BeNull();
    }

    [Theory]
    [FailureMode("F129")]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    public void UTF16_is_named_as_what_it_is(string encoding, bool hasMark)
    {
        var text = Encoding.GetEncoding(encoding);
        byte[] bytes = [.. hasMark ? text.GetPreamble() : [], .. text.GetBytes("""{"access_token":"SECRET"}""")];

        var act = () => CredentialsDocument.Parse(bytes, CredentialsFileFormat.Auto);

        act.Should().Throw<CredentialsDocumentException>().WithMessage("*UTF-16*Save it as UTF-8.").Which.IsJson.Should().BeFalse();
    }

    [Theory]
    [FailureMode("F129")]
    [InlineData("\0\0\0", "It holds 3 NUL bytes and nothing else, as a crash or a power cut leaves them*")]
    [InlineData("\0", "It holds 1 NUL bytes and nothing else, *")]
    [InlineData(
        "{\"access_token\":\"SECRET\"\0\0",
        "The JSON is not valid, at line 1, byte 25. There are NUL bytes in it, as a crash or a power cut leaves them*")]
    [InlineData("{\0\0\0\0", "The JSON is not valid, at line 1, byte 2. There are NUL bytes in it, *")]
    public void NUL_bytes_are_named_as_what_a_crash_leaves(string text, string message)
    {
        var act = () => Parse(text);

        var exception = act.Should().Throw<CredentialsDocumentException>().WithMessage(message).Which;
        exception.IsJson.Should().BeFalse();
        exception.ToString().Should().NotContain("SECRET");
    }

    [Theory]
    [FailureMode("F129")]
    [InlineData("[]", true)]
    [InlineData("{\"claudeAiOauth\":5}", true)]
    [InlineData("{\"access_token\":{}}", true)]
    [InlineData("{\"access_token\":\"\\ud800\"}", true)]
    [InlineData("{\"access_token\":", false)]
    [InlineData("# access_token", false)]
    public void Whether_the_bytes_are_some_programs_JSON_is_told(string json, bool isJson)
    {
        var act = () => Parse(json);

        act.Should().Throw<CredentialsDocumentException>().Which.IsJson.Should().Be(isJson);
    }

    [Theory]
    [FailureMode("F127")]
    [InlineData(
        """{"token":"SECRET","\u0061ge":5}""",
        "There is no member 'claudeAiOauth.accessToken' or 'tokens.access_token' or 'access_token'; "
        + "its top level has 'token', 'age'. "
        + "If *'FileFormat'.")]
    [InlineData(
        """{"claudeAiOauth":{"access_token":"SECRET"},"mcpOAuth":{}}""",
        "There is no member 'claudeAiOauth.accessToken'; its top level has 'claudeAiOauth', 'mcpOAuth', 'claudeAiOauth' has "
        + "'access_token'. *")]
    [InlineData(
        """{"tokens":{},"last_refresh":null}""",
        "There is no member 'tokens.access_token'; its top level has 'tokens', 'last_refresh', 'tokens' has none. *")]
    [InlineData(
        """{"a\nb":1,"ccccccccccccccccccccccccccccccccccccccccdddd":2,"\ud800":3}""",
        "*its top level has 'a?b', 'cccccccccccccccccccccccccccccccccccccccc…', '\\ud800'. *")]
    [InlineData(
        """{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"10":10,"11":11,"12":12,"13":13,"14":14}""",
        "*'11', '12' and 2 more. *")]
    public void Where_no_login_is_found_the_members_looked_for_and_found_are_named_and_no_value(string json, string message)
    {
        var text = Parse(json).DescribeMissingLogin();

        text.Should().Match(message).And.NotContain("SECRET");
    }

    [Theory]
    [FailureMode("F127")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"access_token":"at-1"}""")]
    [InlineData("""{"access_token":"","refresh_token":""}""")]
    public void Of_a_login_and_of_an_empty_document_nothing_is_said_to_be_missing(string json)
    {
        Parse(json).DescribeMissingLogin().Should().BeNull();
    }

    [Fact]
    public void The_names_of_the_top_level_are_told_decoded_and_in_order()
    {
        Parse("""{"b":{"c":1},"\u0061":[{"d":2}],"b":3}""").MemberNames.Should().Equal("b", "a", "b");
        Parse(" ").MemberNames.Should().BeEmpty();
    }

    [Fact]
    public void A_token_of_bytes_that_are_no_UTF8_is_refused()
    {
        byte[] bytes = [.. "{\"access_token\":\"a"u8, 0xFF, .. "\"}"u8];

        var act = () => CredentialsDocument.Parse(bytes, CredentialsFileFormat.Auto);

        act.Should().Throw<CredentialsDocumentException>().WithMessage("*no Unicode text*");
    }

    [Fact]
    public void Nesting_far_beyond_the_readers_own_limit_is_skipped()
    {
        var deep = new string('[', 100_000) + new string(']', 100_000);

        var document = Parse($$$"""{"mcpOAuth":{{{deep}}},"claudeAiOauth":{"x":{{{deep}}},"accessToken":"at-1"}}""");

        document.Credentials!.AccessToken.Should().Be("at-1");
    }

    private static CredentialsDocument Parse(string json, CredentialsFileFormat? format = null) =>
        CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), format ?? CredentialsFileFormat.Auto);
}
