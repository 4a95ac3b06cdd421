using System.Text;
using FluentAssertions;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

public sealed class CredentialsDocumentAccountTests
{
    [Fact]
    [FailureMode("F89")]
    public void A_refresh_leaves_the_stored_account_id_as_it_stands()
    {
        var stored = """{"access_token":"at-1","refresh_token":"rt-1","expires_at":1,"account_id":"\u0061ccount"}""";

        var at = DateTimeOffset.FromUnixTimeSeconds(1);
        var next = new OAuthCredentials("at-2", "rt-1", at) { AccountId = "another", ContinuesLogin = true };

        var written = With(stored, next);

        written.Should().Be(stored.Replace("at-1", "at-2", StringComparison.Ordinal));
    }

    [Theory]
    [FailureMode("F89")]
    [InlineData(""","account_id":"old" """, "new", ""","account_id":"new" """)]
    [InlineData(""","account_id":"old" """, null, "")]
    [InlineData(""","account_id":null""", "new", ""","account_id":"new" """)]
    [InlineData(""","account_id":[1]""", "new", ""","account_id":[1]""")]
    [InlineData(""","account_id":17""", null, ""","account_id":17""")]
    public void Another_login_brings_its_account_id_or_takes_the_former_one_away(string member, string? next, string expected)
    {
        var written = With(
            $$"""{"access_token":"at-1","refresh_token":"rt-1","expires_at":1{{member.TrimEnd()}}}""",
            new OAuthCredentials("at-2", "rt-2", DateTimeOffset.FromUnixTimeSeconds(1)) { AccountId = next });

        written.Should().Be($$"""{"access_token":"at-2","refresh_token":"rt-2","expires_at":1{{expected.TrimEnd()}}}""");
    }

    [Fact]
    [FailureMode("F89")]
    public void The_account_id_of_another_login_is_inserted_where_there_is_none()
    {
        var next = new OAuthCredentials("at-2", "rt-2", DateTimeOffset.FromUnixTimeSeconds(1)) { AccountId = "new" };

        With("""{"access_token":"at-1","refresh_token":"rt-1","expires_at":1}""", next)
            .Should().Be("""{"account_id":"new","access_token":"at-2","refresh_token":"rt-2","expires_at":1}""");
    }

    private static string With(string json, OAuthCredentials next) =>
        Encoding.UTF8.GetString(CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), CredentialsFileFormat.FlatOAuth).With(next));
}
