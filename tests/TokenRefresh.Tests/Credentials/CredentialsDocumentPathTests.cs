using System.Text;
using FluentAssertions;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>A login in a section of a section, or one of many by its key.</summary>
public sealed class CredentialsDocumentPathTests
{
    private static readonly CredentialsFileFormat McpServer = new()
    {
        Section = ["mcpOAuth", "issues.v2/tracker|3f1c"],
        AccessTokenMember = "accessToken",
        RefreshTokenMember = "refreshToken",
        ExpiresAtMember = "expiresAt",
        ScopesMember = "scope",
        TimeUnit = CredentialsTimeUnit.Milliseconds,
    };

    private static readonly OAuthCredentials Next = new("at-2", "rt-2", DateTimeOffset.FromUnixTimeMilliseconds(1799999999000));

    [Fact]
    public void One_of_many_logins_is_read_by_its_key_whatever_characters_that_has()
    {
        var json = """
            {"claudeAiOauth":{"accessToken":"not this"},"mcpOAuth":{
             "issues|3f1c":{"accessToken":"nor this"},
             "issues.v2/tracker|\u0033f1c":{"serverName":"issues","accessToken":"at-1","refreshToken":"rt-1","expiresAt":1787613382524,
              "scope":"a b"}}}
            """;

        Parse(json, McpServer).Credentials.Should().BeEquivalentTo(
            new OAuthCredentials("at-1", "rt-1", DateTimeOffset.FromUnixTimeMilliseconds(1787613382524)) { Scopes = ["a", "b"] });
        Parse("""{"mcpOAuth":{"issues.v2":{"tracker|3f1c":{"accessToken":"at-1"}}}}""", McpServer).Credentials.Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"mcpOAuth":null}""")]
    [InlineData("""{"mcpOAuth":{}}""")]
    [InlineData("""{"mcpOAuth":{"issues.v2/tracker|3f1c":null}}""")]
    [InlineData("""{"mcpOAuth":{"issues.v2/tracker|3f1c":{}}}""")]
    public void Of_a_path_any_part_may_be_missing(string json)
    {
        Parse(json, McpServer).Credentials.Should().BeNull();
    }

    [Theory]
    [FailureMode("F45")]
    [InlineData("""{"mcpOAuth":[]}""", "The member 'mcpOAuth' is an array, not an object, at line 1, byte 13.")]
    [InlineData(
        """{"mcpOAuth":{"issues.v2/tracker|3f1c":7}}""",
        "The member 'mcpOAuth.issues.v2/tracker|3f1c' is a number, not an object, *")]
    [InlineData(
        """{"mcpOAuth":{"issues.v2/tracker|3f1c":{"accessToken":7}}}""",
        "The member 'mcpOAuth.issues.v2/tracker|3f1c.accessToken' is a number, not a string, *")]
    public void What_stands_in_the_place_of_a_section_is_named_with_its_path(string json, string message)
    {
        var act = () => Parse(json, McpServer);

        act.Should().Throw<CredentialsDocumentException>().WithMessage(message);
    }

    [Fact]
    [FailureMode("F127")]
    public void Where_a_key_is_missing_those_that_are_there_are_named()
    {
        Parse("""{"a":1,"mcpOAuth":{"issues|3f1c":{"accessToken":"SECRET"}}}""", McpServer).DescribeMissingLogin()
            .Should().Match(
                "There is no member 'mcpOAuth.issues.v2/tracker|3f1c.accessToken'; its top level has 'a', 'mcpOAuth', "
                + "'mcpOAuth' has 'issues|3f1c'. *")
            .And.NotContain("SECRET");
    }

    [Theory]
    [FailureMode("F115")]
    [InlineData("")]
    [InlineData("claudeAiOauth", "claudeAiOauth")]
    [InlineData("/a/b", "a", "b")]
    [InlineData("a/b|c", "a/b|c")]
    [InlineData("/~1a~1b", "/a/b")]
    [InlineData("/a~1~0b/c.d|e", "a/~b", "c.d|e")]
    public void No_two_logins_have_the_same_name_in_the_record(string name, params string[] path)
    {
        CredentialsJsonReader.NameOf(path).Should().Be(name);
    }

    [Fact]
    [FailureMode("F43")]
    public void Of_many_logins_one_is_replaced()
    {
        var stored = """
            {
              "claudeAiOauth": { "accessToken": "at-1", "refreshToken": "rt-1", "expiresAt": 5 },
              "mcpOAuth": {
                "issues|3f1c": { "accessToken": "at-1", "refreshToken": "rt-1", "expiresAt": 5 },
                "issues.v2/tracker|3f1c": { "a": 1, "accessToken": "OLD-AT", "refreshToken": "OLD-RT", "expiresAt": 1787613382524 },
                "x": null
              }
            }
            """;

        With(stored, Next).Should().Be(stored
            .Replace("OLD-AT", "at-2", StringComparison.Ordinal)
            .Replace("OLD-RT", "rt-2", StringComparison.Ordinal)
            .Replace("1787613382524", "1799999999000", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", """{"mcpOAuth":{"issues.v2/tracker|3f1c":LOGIN}}""" + "\n")]
    [InlineData("""{"a":1}""", """{"mcpOAuth":{"issues.v2/tracker|3f1c":LOGIN},"a":1}""")]
    [InlineData("""{"a":1, "mcpOAuth": null}""", """{"a":1, "mcpOAuth": {"issues.v2/tracker|3f1c":LOGIN}}""")]
    [InlineData("""{"mcpOAuth":{ "x": {}}}""", """{"mcpOAuth":{"issues.v2/tracker|3f1c":LOGIN, "x": {}}}""")]
    public void What_is_missing_of_a_path_is_inserted(string stored, string expected)
    {
        const string Login = """{"accessToken":"at-2","refreshToken":"rt-2","expiresAt":1799999999000}""";

        With(stored, Next).Should().Be(expected.Replace("LOGIN", Login, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(
        """{"mcpOAuth":{ "a":{}, "issues.v2/tracker|3f1c":{"accessToken":"at-1"}, "b":{}}, "c":1}""",
        """{"mcpOAuth":{ "a":{}, "b":{}}, "c":1}""")]
    [InlineData("""{"mcpOAuth":{"issues.v2/tracker|3f1c":{"accessToken":"at-1"}}}""", """{"mcpOAuth":{}}""")]
    [InlineData("""{"mcpOAuth":null}""", """{"mcpOAuth":null}""")]
    [InlineData("""{"a":1}""", """{"a":1}""")]
    public void A_removal_takes_the_login_and_leaves_what_is_around_it(string stored, string expected)
    {
        Encoding.UTF8.GetString(Parse(stored, McpServer).Without()).Should().Be(expected);
    }

    private static CredentialsDocument Parse(string json, CredentialsFileFormat format) =>
        CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), format);

    private static string With(string json, OAuthCredentials next) => Encoding.UTF8.GetString(Parse(json, McpServer).With(next));
}
