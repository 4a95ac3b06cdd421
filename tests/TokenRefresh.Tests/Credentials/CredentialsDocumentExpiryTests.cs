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
    [InlineData("1787613382524616", "2026-08-24T23:16:22.5246160Z")]
    [InlineData("\"1787613382524616\"", "2026-08-24T23:16:22.5246160Z")]
    [InlineData("1787613382524616123", "2026-08-24T23:16:22.5246161Z")]
    [InlineData("9007199254740991", "9999-12-31T23:59:59.9999999Z")]
    [InlineData("8640000000000000", "9999-12-31T23:59:59.9999999Z")]
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
        CredentialsDocument.Parse("""{"claudeAiOauth":{"accessToken":"at"}}"""u8.ToArray(), CredentialsFileFormat.ClaudeCode)
            .Credentials!.ExpiresAt
            .Should().BeNull();
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
    [FailureMode("F76", "F114", "F126")]
    [InlineData("1787613382524.616", "1799999999999")]
    [InlineData("1787613382524616", "1799999999999999")]
    [InlineData("\"1787613382524616\"", "\"1799999999999999\"")]
    [InlineData("1787613382524616123", "1799999999999999900")]
    [InlineData("9007199254740991", "1799999999999")]
    [InlineData("1787613382", "1799999999")]
    [InlineData("1.787613382e9", "1799999999")]
    [InlineData("\"1787613382524\"", "\"1799999999999\"")]
    [InlineData("\" 1787613382.5 \"", "\"1799999999\"")]
    [InlineData("\"2026-08-24T23:16:22.524Z\"", "\"2027-01-15T07:59:59.999Z\"")]
    [InlineData("\"2026-08-24T23:16:22Z\"", "\"2027-01-15T07:59:59Z\"")]
    [InlineData("\"2026-08-24 23:16:22.5\"", "\"2027-01-15 07:59:59.9\"")]
    [InlineData("\"2026-08-25T01:16:22.524123456+02:00\"", "\"2027-01-15T09:59:59.999999900+02:00\"")]
    [InlineData("\"2026-08-24T18:16:22.524123-05:00\"", "\"2027-01-15T02:59:59.999999-05:00\"")]
    [InlineData("\"2026-08-24T23:16:22\\u002B00:00\"", "\"2027-01-15T07:59:59+00:00\"")]
    [InlineData("\"2026-08-24T23:16Z\"", "\"2027-01-15T07:59:59Z\"")]
    [InlineData("\"2026-08-24\"", "\"2027-01-15T07:59:59Z\"")]
    public void An_expiry_is_written_as_the_one_that_was_read(string stored, string expected)
    {
        var at = DateTimeOffset.UnixEpoch.AddTicks(17_999_999_999_999_999);

        Write($$$"""{"claudeAiOauth":{"accessToken":"at","expiresAt":{{{stored}}}}}""", at)
            .Should().Be($$$"""{"claudeAiOauth":{"accessToken":"next","expiresAt":{{{expected}}}}}""");
        Write($$"""{"access_token":"at","expires_at":{{stored}}}""", at)
            .Should().Be($$"""{"access_token":"next","expires_at":{{expected}}}""");
    }

    [Theory]
    [FailureMode("F76")]
    [InlineData("0")]
    [InlineData("null")]
    [InlineData("\"\"")]
    public void Where_no_time_stands_the_formats_own_unit_is_written_as_a_whole_number_rounded_down(string stored)
    {
        var at = DateTimeOffset.UnixEpoch.AddTicks(17_999_999_999_999_999);

        Write($$$"""{"claudeAiOauth":{"accessToken":"at","expiresAt":{{{stored}}}}}""", at)
            .Should().Be("""{"claudeAiOauth":{"accessToken":"next","expiresAt":1799999999999}}""");
        Write("""{"claudeAiOauth":{"accessToken":"at"}}""", at)
            .Should().Be("""{"claudeAiOauth":{"expiresAt":1799999999999,"accessToken":"next"}}""");
        Write($$"""{"access_token":"at","expires_at":{{stored}}}""", at).Should().Be("""{"access_token":"next","expires_at":1799999999}""");
        Write("""{"access_token":"at"}""", at).Should().Be("""{"expires_at":1799999999,"access_token":"next"}""");
    }

    [Theory]
    [FailureMode("F114")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "\"2026-08-25T01:16:22+02:00\"", "\"9999-12-31T23:59:59Z\"")]
    [InlineData("1960-01-01T00:00:00Z", "\"2026-08-24T23:16:22Z\"", "\"1970-01-01T00:00:01Z\"")]
    public void A_time_at_the_end_of_the_calendar_or_before_1970_is_written_so_that_it_reads_back(string at, string stored, string expected)
    {
        var moment = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);

        var written = Write($$"""{"access_token":"at","expires_at":{{stored}}}""", moment);

        written.Should().Be($$"""{"access_token":"next","expires_at":{{expected}}}""");
    }

    [Theory]
    [FailureMode("F126")]
    [InlineData("""{"claudeAiOauth":{"accessToken":"at","expiresAt":1787613382}}""", 1787613382000)]
    [InlineData("""{"claudeAiOauth":{"accessToken":"at","expiresAt":"1787613382"}}""", 1787613382000)]
    [InlineData("""{"access_token":"at","expires_at":1787613382524}""", 1787613382524)]
    [InlineData("""{"access_token":"at","expires_at":"1787613382524.5"}""", 1787613382524)]
    [InlineData("""{"access_token":"at","expires_at":253402300799}""", 253402300799999)]
    [InlineData("""{"access_token":"at","expires_at":253402300800}""", 253402300799999)]
    [InlineData("""{"claudeAiOauth":{"accessToken":"at","expiresAt":253402300800}}""", 253402300800)]
    public void A_count_that_gives_no_tokens_time_in_the_formats_unit_is_one_in_the_other(string json, long milliseconds)
    {
        var expiresAt = CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), CredentialsFileFormat.Auto).Credentials!.ExpiresAt;

        expiresAt!.Value.ToUnixTimeMilliseconds().Should().Be(milliseconds);
    }

    [Fact]
    [FailureMode("F126")]
    public void The_expiry_date_of_Googles_tools_is_read_and_written_in_milliseconds()
    {
        var json = """{"access_token":"at","scope":"a","id_token":"x.y.z","expiry_date":1787613382524,"refresh_token":"rt"}""";

        foreach (var format in new[] { CredentialsFileFormat.Auto, CredentialsFileFormat.FlatOAuth })
        {
            var document = CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), format);

            var next = new OAuthCredentials("at", "rt", DateTimeOffset.FromUnixTimeMilliseconds(1799999999000)) { ContinuesLogin = true };

            document.Credentials!.ExpiresAt.Should().Be(DateTimeOffset.FromUnixTimeMilliseconds(1787613382524));
            Encoding.UTF8.GetString(document.With(next))
                .Should().Be(json.Replace("1787613382524", "1799999999000", StringComparison.Ordinal));
        }
    }

    [Fact]
    [FailureMode("F126")]
    public void Beside_an_expires_at_an_expiry_date_is_another_programs()
    {
        Write("""{"access_token":"at","expires_at":5,"expiry_date":7}""", DateTimeOffset.FromUnixTimeSeconds(1799999999))
            .Should().Be("""{"access_token":"next","expires_at":1799999999,"expiry_date":7}""");
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
        Parse($$$"""{"claudeAiOauth":{"accessToken":"at","refreshToken":"rt","expiresAt":{{{value}}}}}""").Credentials!.ExpiresAt;

    private static string Write(string json, DateTimeOffset? expiresAt) =>
        Encoding.UTF8.GetString(Parse(json).With(new OAuthCredentials("next", null, expiresAt)));

    private static CredentialsDocument Parse(string json) =>
        CredentialsDocument.Parse(Encoding.UTF8.GetBytes(json), CredentialsFileFormat.Auto);
}
