using System.Text;
using FluentAssertions;
using TokenRefresh.Stores.Json;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The key to which the tokens of a login are bound (RFC 9449), beside the tokens.</summary>
public sealed class CredentialsDocumentKeyTests
{
    private static readonly DPoPKey Key = DPoPKey.Create();
    private static readonly DPoPKey OtherKey = DPoPKey.Create();

    [Theory]
    [InlineData(nameof(CredentialsFileFormat.ClaudeCode), "dpopKey", "tokenType")]
    [InlineData(nameof(CredentialsFileFormat.Codex), "dpop_key", "token_type")]
    [InlineData(nameof(CredentialsFileFormat.FlatOAuth), "dpop_key", "token_type")]
    [InlineData(nameof(CredentialsFileFormat.Google), "dpop_key", "token_type")]
    [InlineData(nameof(CredentialsFileFormat.AwsSso), "dpopKey", "tokenType")]
    public void Each_format_keeps_key_and_type_of_a_bound_login(string name, string member, string type)
    {
        var format = (CredentialsFileFormat)typeof(CredentialsFileFormat).GetProperty(name)!.GetValue(null)!;

        string written = With("", new OAuthCredentials("at", "rt") { TokenType = "DPoP", DPoPKey = Key }, format);

        written.Should().Contain($"\"{member}\":{Key.ExportJwk()}").And.Contain($"\"{type}\":\"DPoP\"");
        OAuthCredentials read = Parse(written, format).Credentials!;
        read.DPoPKey!.Thumbprint.Should().Be(Key.Thumbprint);
        read.TokenType.Should().Be("DPoP");
    }

    [Theory]
    [InlineData("{\"claudeAiOauth\":{\"accessToken\":\"at-1\",\"refreshToken\":\"rt-1\"}}")]
    [InlineData("{\"tokens\":{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\"}}")]
    public void A_file_of_another_program_gets_no_type_without_a_key(string stored)
    {
        string written = With(stored, new OAuthCredentials("at-2", "rt-2") { TokenType = "Bearer", ContinuesLogin = true });

        written.Should().Contain("at-2").And.NotContainAny("token_type", "tokenType");
    }

    [Fact]
    public void A_refresh_leaves_the_key_as_it_stands()
    {
        string key = "{ \"kid\": \"1\",\n  " + Key.ExportJwk()[1..^1].Replace(":", " : ", StringComparison.Ordinal) + " , \"x5u\": null }";
        string stored = $$"""{ "access_token": "at-1", "dpop_key" : {{key}} , "refresh_token": "rt-1", "token_type": "DPoP" }""";
        OAuthCredentials read = Parse(stored).Credentials!;

        string written = With(
            stored, new OAuthCredentials("at-2", "rt-2") { TokenType = "DPoP", DPoPKey = read.DPoPKey, ContinuesLogin = true });

        written.Should().Be(stored.Replace("at-1", "at-2", StringComparison.Ordinal).Replace("rt-1", "rt-2", StringComparison.Ordinal));
    }

    [Fact]
    public void Another_login_brings_its_key_or_takes_the_former_one_away()
    {
        string stored = $$"""{"access_token":"at-1","refresh_token":"rt-1","expires_at":null,"dpop_key":{{Key.ExportJwk()}}}""";

        With(stored, new OAuthCredentials("at-2", "rt-2") { DPoPKey = OtherKey })
            .Should().Be($$"""{"access_token":"at-2","refresh_token":"rt-2","expires_at":null,"dpop_key":{{OtherKey.ExportJwk()}}}""");
        With(stored, new OAuthCredentials("at-2", "rt-2"))
            .Should().Be("""{"access_token":"at-2","refresh_token":"rt-2","expires_at":null}""");
        Encoding.UTF8.GetString(Parse(stored).Without()).Should().Be("{}");
    }

    [Fact]
    public void A_key_that_a_logout_left_is_not_the_next_login_s()
    {
        string stored = $$"""{"a":1,"dpop_key":{{Key.ExportJwk()}}}""";

        With(stored, new OAuthCredentials("at", "rt"), CredentialsFileFormat.FlatOAuth)
            .Should().Be("""{"access_token":"at","refresh_token":"rt","expires_at":null,"a":1}""");
    }

    [Theory]
    [InlineData("\"a key\"", "*'dpop_key' is a string, not a JSON Web Key*line 1, byte 55*")]
    [InlineData("[1]", "*'dpop_key' is an array*")]
    [InlineData("{}", "*'dpop_key' cannot be used as a key*'kty'*")]
    [InlineData("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"secret-x\"}", "*cannot be used as a key*'x'*32 bytes*")]
    public void A_key_that_cannot_be_read_is_an_error_that_names_the_member(string key, string message)
    {
        Action read = () => Parse($$"""{"access_token":"at","refresh_token":"rt", "dpop_key":{{key}}}""");

        CredentialsDocumentException thrown = read.Should().Throw<CredentialsDocumentException>().WithMessage(message).Which;
        thrown.IsJson.Should().BeTrue("such a file is never moved aside");
        thrown.ToString().Should().NotContain("secret");
    }

    [Fact]
    public void A_null_in_place_of_the_key_is_none()
    {
        Parse("""{"access_token":"at","refresh_token":"rt","dpop_key":null}""").Credentials!.DPoPKey.Should().BeNull();
    }

    [Fact]
    public void A_format_without_a_member_for_the_key_cannot_store_one()
    {
        Action write = () => With("", new OAuthCredentials("at", "rt") { DPoPKey = Key }, new CredentialsFileFormat());

        write.Should().Throw<TokenRefreshConfigurationException>().WithMessage("*'DPoPKeyMember'*");
        With("", new OAuthCredentials("at", "rt") { DPoPKey = Key }, new CredentialsFileFormat { DPoPKeyMember = "key" })
            .Should().Contain("\"key\":{");
    }

    private static CredentialsDocument Parse(string json, CredentialsFileFormat? format = null) =>
        CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), format ?? CredentialsFileFormat.Auto);

    private static string With(string json, OAuthCredentials next, CredentialsFileFormat? format = null) =>
        Encoding.UTF8.GetString(Parse(json, format).With(next));
}
