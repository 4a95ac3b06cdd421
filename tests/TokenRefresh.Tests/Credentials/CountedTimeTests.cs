using System.Globalization;
using System.Text;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Endpoint;

namespace TokenRefresh.Tests.Credentials;

public sealed class CountedTimeTests
{
    private const string Never = "9999-12-31T23:59:59.9999999Z";

    [Theory]
    [FailureMode("F126")]
    [InlineData("0.5", "1970-01-01T00:00:00.5Z", "1970-01-01T00:00:00.0005Z")]
    [InlineData("999999999", "2001-09-09T01:46:39Z", "1970-01-12T13:46:39.999Z")]
    [InlineData("1000000000", "2001-09-09T01:46:40Z", "2001-09-09T01:46:40Z")]
    [InlineData("9999999999", "2286-11-20T17:46:39Z", "2286-11-20T17:46:39Z")]
    [InlineData("10000000000", "2286-11-20T17:46:40Z", "1970-04-26T17:46:40Z")]
    [InlineData("253402300798", "9999-12-31T23:59:58Z", "1978-01-11T21:31:40.798Z")]
    [InlineData("253402300799", Never, "1978-01-11T21:31:40.799Z")]
    [InlineData("999999999999", Never, "2001-09-09T01:46:39.999Z")]
    [InlineData("1000000000000", "2001-09-09T01:46:40Z", "2001-09-09T01:46:40Z")]
    [InlineData("253402300798999", "9999-12-31T23:59:58.999Z", "9999-12-31T23:59:58.999Z")]
    [InlineData("253402300799000", Never, Never)]
    [InlineData("999999999999999", Never, Never)]
    [InlineData("1000000000000000", "2001-09-09T01:46:40Z", "2001-09-09T01:46:40Z")]
    [InlineData("4099999999999999", "2099-12-03T16:53:19.999999Z", "2099-12-03T16:53:19.999999Z")]
    [InlineData("4100000000000000", Never, Never)]
    [InlineData("8640000000000000", Never, Never)]
    [InlineData("999999999999999999", Never, Never)]
    [InlineData("1000000000000000000", "2001-09-09T01:46:40Z", "2001-09-09T01:46:40Z")]
    [InlineData("4099999999999999999", "2099-12-03T16:53:19.9999999Z", "2099-12-03T16:53:19.9999999Z")]
    [InlineData("4100000000000000000", Never, Never)]
    [InlineData("79228162514264337593543950336", Never, Never)]
    [InlineData("1e400", Never, Never)]
    public void The_size_of_a_count_tells_its_unit(string count, string asSeconds, string asMilliseconds)
    {
        Read(count, CredentialsTimeUnit.Seconds).Should().Be(Time(asSeconds));
        Read(count, CredentialsTimeUnit.Milliseconds).Should().Be(Time(asMilliseconds));
    }

    [Theory]
    [FailureMode("F73")]
    [InlineData("0")]
    [InlineData("-0.0")]
    [InlineData("-1")]
    [InlineData("-1e400")]
    public void Nothing_after_1970_is_an_unknown_time(string count)
    {
        Read(count, CredentialsTimeUnit.Seconds).Should().BeNull();
        Read(count, CredentialsTimeUnit.Milliseconds).Should().BeNull();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("2026-08-24T23:16:22Z")]
    [InlineData("1 2")]
    public void Another_text_is_no_count(string? text)
    {
        CountedTime.TryRead(text, CredentialsTimeUnit.Seconds, out _).Should().BeFalse();
        CountedTime.FormatLike(text, DateTimeOffset.UnixEpoch, CredentialsTimeUnit.Seconds).Should().BeNull();
    }

    [Theory]
    [FailureMode("F114")]
    [InlineData("1787613382", "1799999999", "1799999999")]
    [InlineData("1787613382524", "1799999999999", "1799999999999")]
    [InlineData("1787613382524616", "1799999999999999", "1799999999999999")]
    [InlineData("1787613382524616123", "1799999999999999900", "1799999999999999900")]
    [InlineData("8640000000000000", "1799999999999", "1799999999999")]
    [InlineData("0", "1799999999", "1799999999999")]
    [InlineData("253402300799", "1799999999", "1799999999999")]
    [InlineData("9223372036854775807", "1799999999", "1799999999999")]
    public void A_count_is_written_in_the_unit_of_the_one_that_stood_there(string model, string inSeconds, string inMilliseconds)
    {
        var at = DateTimeOffset.UnixEpoch.AddTicks(17_999_999_999_999_999);

        CountedTime.FormatLike(model, at, CredentialsTimeUnit.Seconds).Should().Be(inSeconds);
        CountedTime.FormatLike(model, at, CredentialsTimeUnit.Milliseconds).Should().Be(inMilliseconds);
    }

    [Theory]
    [FailureMode("F126")]
    [InlineData("999999999")]
    [InlineData("4000000000.5")]
    [InlineData("253402300799")]
    [InlineData("253402300800")]
    [InlineData("1787613382524.5")]
    [InlineData("9007199254740991")]
    [InlineData("1787613382524616")]
    [InlineData("1787613382524616123")]
    [InlineData("9223372036854775807")]
    [InlineData("1e400")]
    [InlineData("0")]
    [InlineData("-5")]
    public async Task A_file_a_JWT_and_an_answer_read_a_count_alike(string count)
    {
        var expected = Read(count, CredentialsTimeUnit.Seconds);

        var file = CredentialsDocument.Parse(
            Encoding.UTF8.GetBytes($$"""{"access_token":"at","expires_at":{{count}}}"""), CredentialsFileFormat.FlatOAuth);
        var claims = Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"exp":{{count}}}""")).TrimEnd('=');
        var now = TimeProvider.System.GetUtcNow();
        var response = await Given.ResponseAsync($$"""{"access_token":"at","expires_at":{{count}}}""");

        file.Credentials!.ExpiresAt.Should().Be(expected);
        Jwt.TryReadExpiry($"e30.{claims}.").Should().Be(expected);
        var lifetime = expected - now > TimeSpan.FromDays(36525) ? TimeSpan.FromDays(36525) : expected - now;
        if (lifetime > TimeSpan.Zero)
        {
            response.ExpiresIn.Should().BeCloseTo(lifetime.Value, TimeSpan.FromMinutes(1));
        }
        else
        {
            response.ExpiresIn.Should().BeNull();
        }
    }

    private static DateTimeOffset? Read(string count, CredentialsTimeUnit unit)
    {
        CountedTime.TryRead(count, unit, out var at).Should().BeTrue();
        return at;
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
