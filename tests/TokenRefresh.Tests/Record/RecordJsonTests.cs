using System.Text;
using System.Text.Json;
using FluentAssertions;
using TokenRefresh.Record;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Record;

public sealed class RecordJsonTests
{
    private const int Room = 64 * 1024;

    private static readonly DateTimeOffset Now = new(2026, 11, 27, 5, 48, 0, 123, TimeSpan.Zero);

    [Fact]
    [FailureMode("F10")]
    public void What_is_written_is_read_again()
    {
        LoginRecord written = Full();

        LoginRecord read = RecordJson.Read(RecordJson.Write([], "claudeAiOauth", written, Room), "claudeAiOauth");

        read.Should().BeEquivalentTo(written, options => options.RespectingRuntimeTypes().IncludingInternalFields());
    }

    [Fact]
    [FailureMode("F10")]
    public void The_text_is_the_documented_one()
    {
        LoginRecord record = LoginRecord.Empty.Numbered("origin", 7).WithFile("1:2:3:4")
            .WithAttempt(new Attempt(new RecordKey("r", "a", "c"), Now, 1))
            .WithHold(new Hold(HoldKind.CoolDown, new RecordKey("r", "a", "c"), Now, Now.AddSeconds(2), 3) { Cause = "HTTP 503" })
            .WithObtained(new ObtainedToken("a", Now));

        string text = Encoding.UTF8.GetString(RecordJson.Write([], "claudeAiOauth", record, Room));

        text.Should().Be("""
            {"version":2,"logins":{"claudeAiOauth":{"origin":"origin","sequence":7,"file":"1:2:3:4",
            "attempt":{"refreshToken":"r","accessToken":"a","client":"c","at":"2026-11-27T05:48:00.1230000Z","count":1},
            "holds":[{"kind":"coolDown","refreshToken":"r","accessToken":"a","client":"c",
            "since":"2026-11-27T05:48:00.1230000Z","until":"2026-11-27T05:48:02.1230000Z","count":3,"cause":"HTTP 503"}],
            "obtained":[{"accessToken":"a","at":"2026-11-27T05:48:00.1230000Z"}]}}}
            """.ReplaceLineEndings(""));
    }

    [Fact]
    [FailureMode("F115")]
    public void The_records_of_other_logins_stay_as_they_are()
    {
        byte[] text = RecordJson.Write([], "one", Full(), Room);
        text = RecordJson.Write(text, "other \"quoted\"", LoginRecord.Empty.Numbered("x", 1), Room);

        text = RecordJson.Write(text, "third", LoginRecord.Empty.Numbered("y", 2), Room);

        RecordJson.Read(text, "one").Should().BeEquivalentTo(Full(), options => options.IncludingInternalFields());
        RecordJson.Read(text, "other \"quoted\"").Sequence.Should().Be(1);
        RecordJson.Read(text, "third").Sequence.Should().Be(2);
        JsonDocument.Parse(text).RootElement.GetProperty("logins")
            .EnumerateObject()
            .Select(l => l.Name)
            .Should().Equal("third", "other \"quoted\"", "one");
    }

    [Fact]
    public void The_logins_that_were_written_longest_ago_make_room()
    {
        byte[] text = [];

        for (var i = 0; i < 200; i++)
        {
            text = RecordJson.Write(text, $"login-{i}", Full(), Room);
        }

        text.Length.Should().BeLessThanOrEqualTo(Room);
        RecordJson.Read(text, "login-199").Sequence.Should().Be(Full().Sequence);
        RecordJson.Read(text, "login-198").Sequence.Should().Be(Full().Sequence);
        RecordJson.Read(text, "login-0").Should().BeSameAs(LoginRecord.Empty);
    }

    [Fact]
    [FailureMode("F106")]
    public void A_newer_version_is_told_from_an_empty_record()
    {
        LoginRecord record = RecordJson.Read("""{"version":3,"entries":[]}"""u8, "one");

        record.NewerVersion.Should().Be(3);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\0\0\0")]
    [InlineData("""{"version":"two","logins":{"one":{"sequence":1}}}""")]
    [InlineData("""{"version":2,"logins":[]}""")]
    [InlineData("""{"version":2,"logins":{"one":{"sequence":"x"}}}""")]
    [InlineData("""{"version":2,"logins":{"one":{"sequence":1,"attempt":{"at":"yesterday"}}}}""")]
    [InlineData("""{"version":2,"logins":{"one":{"used":[1]}}}""")]
    public void What_cannot_be_understood_reads_as_empty(string text)
    {
        LoginRecord record = RecordJson.Read(Encoding.UTF8.GetBytes(text), "one");

        record.Should().BeSameAs(LoginRecord.Empty);
    }

    [Fact]
    public void Unknown_members_are_passed_over()
    {
        LoginRecord record = RecordJson.Read(
            """
            {"version":2,"x":[{}],"logins":{"a":{},"one":{"y":{"z":1},"sequence":5,
            "holds":[{"kind":"new kind"},{"kind":"rejected","note":1}]}}}
            """u8,
            "one");

        record.Sequence.Should().Be(5);
        record.Holds.Should().ContainSingle().Which.Kind.Should().Be(HoldKind.Rejected);
    }

    private static LoginRecord Full()
    {
        RecordKey key = RecordKey.Of(new("access-1", "refresh-1"), "client");
        LoginRecord record = LoginRecord.Empty.AfterSignIn(new("access", "signed-in"))
            .Numbered("origin", 42)
            .WithFile("1:2:3:4")
            .WithAttempt(new Attempt(key, Now, 2));
        foreach (HoldKind kind in Enum.GetValues<HoldKind>())
        {
            record = record.WithHold(
                new Hold(kind, key, Now, kind == HoldKind.Rejected ? null : Now.AddMinutes(1), 3) { Cause = kind.ToString() });
        }

        for (var i = 0; i < 10; i++)
        {
            record = record.AfterRotation(new("access", $"refresh-{i}"), new("access", "next"))
                .WithObtained(new ObtainedToken($"token-{i}", Now));
        }

        return record;
    }
}
