using System.Text;
using FluentAssertions;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

public sealed class CredentialsDocumentExpiryTests
{
    [Theory]
    [FailureMode("F76")]
    [InlineData("1787613382524", "2026-08-24T23:16:22.5240000Z")]
    [InlineData("1787613382524.616", "2026-08-24T23:16:22.5246160Z")]
    [InlineData("1.787613382524e12", "2026-08-24T23:16:22.5240000Z")]
    [InlineData("1787613382524E+0", "2026-08-24T23:16:22.5240000Z")]
    [InlineData("\"1787613382524\"", "2026-08-24T23:16:22.5240000Z")]
    [InlineData("\" 1787613382524.616 \"", "2026-08-24T23:16:22.5246160Z")]
    [InlineData("\"2026-08-24T23:16:22.524Z\"", "2026-08-24T23:16:22.5240000Z")]
    [InlineData("\"2026-08-25T01:16:22.524123456+02:00\"", "2026-08-24T23:16:22.5241235Z")]
    [InlineData("\"2026-08-24T23:16:22\"", "2026-08-24T23:16:22.0000000Z")]
    [InlineData("\"2026-08-24 23:16:22.5\"", "2026-08-24T23:16:22.5000000Z")]
    [InlineData("253402300799999", "9999-12-31T23:59:59.9999999Z")]
    [InlineData("9223372036854775807", "9999-12-31T23:59:59.9999999Z")]
    [InlineData("99999999999999999999999999999999999999999", "9999-12-31T23:59:59.9999999Z")]
    [InlineData("1e400", "9999-12-31T23:59:59.9999999Z")]
    [InlineData("\"1e400\"", "9999-12-31T23:59:59.9999999Z")]
    public void An_expiry_is_read_in_every_shape_that_programs_write(string value, string expected)
    {
        Read(value).Should().Be(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [FailureMode("F73")]
    [InlineData("null")]
    [InlineData("0")]
    [InlineData("0.0")]
    [InlineData("-0")]
    [InlineData("-1")]
    [InlineData("-1e400")]
    [InlineData("\"0\"")]
    [InlineData("\"\"")]
    [InlineData("\" \"")]
    [InlineData("\"0001-01-01T00:00:00\"")]
    public void No_moment_after_1970_beside_tokens_reads_as_an_unknown_expiry(string value)
    {
        Read(value).Should().BeNull();
    }

    [Fact]
    [FailureMode("F73")]
    public void A_missing_expiry_is_unknown()
    {
        CredentialsDocument.Parse("""{"claudeAiOauth":{"accessToken":"at"}}"""u8.ToArray(), CredentialsFileFormat.ClaudeCode).Credentials!.ExpiresAt.Should().BeNull();
    }

    [Theory]
    [InlineData("\"NaN\"")]
    [InlineData("\"Infinity\"")]
    [InlineData("\"01/02/2026\"")]
    [InlineData("\"in 5 minutes\"")]
    [InlineData("\"2026-08-24T99:36:22\"")]
    public void A_text_that_is_no_time_is_refused(string value)
    {
        var act = () => Read(value);

        act.Should().Throw<CredentialsDocumentException>();
    }

    [Theory]
    [FailureMode("F76")]
    [InlineData("1787613382524.616")]
    [InlineData("\"1787613382524\"")]
    [InlineData("\"2026-08-24T23:16:22.524Z\"")]
    [InlineData("")]
    public void An_expiry_is_written_as_whole_milliseconds_or_seconds_rounded_down(string stored)
    {
        var at = DateTimeOffset.UnixEpoch.AddTicks(17_999_999_999_999_999);
        var claude = stored.Length == 0 ? "" : $",\"expiresAt\":{stored}";
        var flat = stored.Length == 0 ? "" : $",\"expires_at\":{stored}";

        Write($$$"""{"claudeAiOauth":{"accessToken":"at"{{{claude}}}}}""", at).Should().Be("""{"claudeAiOauth":{"accessToken":"next","expiresAt":1799999999999}}""");
        Write($$$"""{"access_token":"at"{{{flat}}}}""", at).Should().Be("""{"access_token":"next","expires_at":1799999999}""");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-62135596800)]
    public void A_known_expiry_at_or_before_1970_stays_a_known_one(long seconds)
    {
        var written = Write("""{"access_token":"at","expires_at":5}""", DateTimeOffset.FromUnixTimeSeconds(seconds));

        written.Should().Be("""{"access_token":"next","expires_at":1}""");
    }

    [Theory]
    [FailureMode("F96")]
    [InlineData("1787613382524")]
    [InlineData("0")]
    [InlineData("\"\"")]
    [InlineData("null")]
    public void An_unknown_expiry_is_written_as_null(string stored)
    {
        var written = Write($$$"""{"claudeAiOauth":{"accessToken":"at","expiresAt":{{{stored}}}}}""", null);

        written.Should().Be("""{"claudeAiOauth":{"accessToken":"next","expiresAt":null}}""");
    }

    private static DateTimeOffset? Read(string value) =>
        CredentialsDocument.Parse(Encoding.UTF8.GetBytes($$$"""{"claudeAiOauth":{"accessToken":"at","refreshToken":"rt","expiresAt":{{{value}}}}}"""), CredentialsFileFormat.Auto).Credentials!.ExpiresAt;

    private static string Write(string json, DateTimeOffset? expiresAt) =>
        Encoding.UTF8.GetString(CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), CredentialsFileFormat.Auto).With(new OAuthCredentials("next", null, expiresAt)));
}
