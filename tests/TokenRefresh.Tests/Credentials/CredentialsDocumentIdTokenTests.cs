using System.Text;
using FluentAssertions;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The identity token beside the tokens, and the new files of the formats that were made for other programs.</summary>
public sealed class CredentialsDocumentIdTokenTests
{
    [Theory]
    [InlineData(""","id_token":"a.b.c" """, "d.e.f", ""","id_token":"d.e.f" """)]
    [InlineData(""","id_token":null""", "d.e.f", ""","id_token":"d.e.f" """)]
    [InlineData(""","id_token":"a.b.c" """, null, ""","id_token":"a.b.c" """)]
    [InlineData(""","id_token":{"raw":1}""", "d.e.f", ""","id_token":{"raw":1}""")]
    [InlineData("", "d.e.f", "")]
    public void A_refresh_replaces_an_identity_token_that_is_there(string member, string? next, string expected)
    {
        var refreshed = new OAuthCredentials("at-2", "rt-2") { IdToken = next, ContinuesLogin = true };

        var stored = $$$"""{"tokens":{"access_token":"at-1","refresh_token":"rt-1"{{{member.TrimEnd()}}}}}""";
        var written = $$$"""{"last_refresh":"2027-01-15T08:00:00.000Z",{{{stored[1..]}}}"""
            .Replace("at-1", "at-2", StringComparison.Ordinal)
            .Replace("rt-1" + "\"" + member.TrimEnd(), "rt-2" + "\"" + expected.TrimEnd(), StringComparison.Ordinal);

        With(stored, refreshed).Should().Be(written);
    }

    [Theory]
    [InlineData(""","id_token":"a.b.c" """, "d.e.f", ""","id_token":"d.e.f" """)]
    [InlineData(""","id_token":"a.b.c" """, null, "")]
    public void Another_login_brings_its_identity_token_or_takes_the_former_one_away(string member, string? next, string expected)
    {
        With(
            $$"""{"access_token":"at-1","refresh_token":"rt-1","expires_at":null{{member.TrimEnd()}}}""",
            new OAuthCredentials("at-2", "rt-2") { IdToken = next })
            .Should().Be($$"""{"access_token":"at-2","refresh_token":"rt-2","expires_at":null{{expected.TrimEnd()}}}""");
    }

    [Theory]
    [InlineData(
        nameof(CredentialsFileFormat.Google),
        """{"access_token":"at","refresh_token":"rt","expiry_date":1799999999500,"id_token":"i"}""")]
    [InlineData(nameof(CredentialsFileFormat.AwsSso), """{"accessToken":"at","refreshToken":"rt","expiresAt":"2027-01-15T07:59:59Z"}""")]
    [InlineData(
        nameof(CredentialsFileFormat.Codex),
        """{"tokens":{"access_token":"at","refresh_token":"rt","id_token":"i"},"last_refresh":"2027-01-15T08:00:00.000Z"}""")]
    public void A_new_file_is_as_its_program_writes_it(string name, string expected)
    {
        var format = (CredentialsFileFormat)typeof(CredentialsFileFormat).GetProperty(name)!.GetValue(null)!;
        var login = new OAuthCredentials("at", "rt", DateTimeOffset.FromUnixTimeMilliseconds(1799999999500)) { IdToken = "i" };

        With("", login, format).Should().Be(expected + "\n");
    }

    [Fact]
    public async Task A_refresh_of_codex_leaves_its_file_as_codex_would()
    {
        await using SharedLogin login = await SharedLogin.StartAsync();
        var stored = $$"""
            {
              "OPENAI_API_KEY": null,
              "tokens": {
                "id_token": "a.b.c",
                "access_token": "{{Jwt(exp: 1)}}",
                "refresh_token": "{{login.Login.RefreshToken}}",
                "account_id": "account"
              },
              "last_refresh": "2026-08-24T23:16:22.524123456Z"
            }
            """;
        await File.WriteAllTextAsync(login.Path, stored, TestContext.Current.CancellationToken);
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Member("id_token", "\"d.e.f\""));

        AccessToken token = await login.CreateProvider().GetAccessTokenAsync(TestContext.Current.CancellationToken);

        string written = await File.ReadAllTextAsync(login.Path, TestContext.Current.CancellationToken);
        OAuthCredentials read = CredentialsDocument.Parse(Encoding.UTF8.GetBytes(written), CredentialsFileFormat.Codex).Credentials!;
        string refreshed = written.Split("\"last_refresh\": \"")[1].Split('"')[0];
        DateTimeOffset.Parse(refreshed, System.Globalization.CultureInfo.InvariantCulture)
            .Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        written.Should().Be(stored
            .Replace("a.b.c", "d.e.f", StringComparison.Ordinal)
            .Replace(Jwt(exp: 1), token.Value, StringComparison.Ordinal)
            .Replace(login.Login.RefreshToken, read.RefreshToken, StringComparison.Ordinal)
            .Replace("2026-08-24T23:16:22.524123456Z", refreshed, StringComparison.Ordinal));
        refreshed.Should().MatchRegex("^[0-9-]{10}T[0-9:]{8}[.][0-9]{9}Z$");
        login.Books.TokenRequests.Should().Be(1);
    }

    private static string With(string json, OAuthCredentials next, CredentialsFileFormat? format = null) =>
        Encoding.UTF8.GetString(
            CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), format ?? CredentialsFileFormat.Auto)
                .With(next, DateTimeOffset.FromUnixTimeSeconds(1800000000)));

    private static string Jwt(long exp) =>
        $"{Part("""{"alg":"RS256"}""")}.{Part($$"""{"exp":{{exp}}}""")}.c2lnbmF0dXJl";

    private static string Part(string json) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
