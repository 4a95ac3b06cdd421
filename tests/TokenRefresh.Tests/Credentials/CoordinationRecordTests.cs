using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

public sealed class CoordinationRecordTests
{
    private static readonly OAuthCredentials Sent = new("access-1", "refresh-1");
    private static readonly OAuthCredentials Next = new("access-2", "refresh-2");
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    [Fact]
    [FailureMode("F52")]
    public void A_rotation_ends_what_was_noted_about_the_pair_that_was_sent()
    {
        CoordinationRecord record = NotesAbout(Sent).AfterRotation(Sent, Next, obtained: null);

        record.Consumed.Should().Equal(Fingerprint.Of(Sent.RefreshToken!));
        (record with { Consumed = CoordinationRecord.Empty.Consumed }).Should().Be(CoordinationRecord.Empty);
    }

    [Fact]
    [FailureMode("F52")]
    public void A_late_save_leaves_what_was_noted_about_its_own_pair_meanwhile()
    {
        CoordinationRecord before = NotesAbout(Next);

        CoordinationRecord record = before.AfterRotation(Sent, Next, before.Obtained);

        record.Attempt.Should().Be(before.Attempt, "the pair was presented by whoever found it in the stash, and nobody knows the outcome");
        record.Dead.Should().Be(before.Dead);
        record.CoolDown.Should().Be(before.CoolDown);
        record.Pending.Should().Be(before.Pending);
    }

    [Fact]
    [FailureMode("F87")]
    public void A_refresh_token_is_noted_as_consumed_once_however_often_its_successor_is_saved()
    {
        CoordinationRecord record = CoordinationRecord.Empty.AfterRotation(Sent, Next, null).AfterRotation(Sent, Next, null);

        record.Consumed.Should().ContainSingle();
    }

    private static CoordinationRecord NotesAbout(OAuthCredentials pair)
    {
        RecordKey key = RecordKey.Of(pair, Fingerprint.Of("client"));
        return new()
        {
            Attempt = new(key, Now, Guid.Empty, 1),
            Dead = new(key, Now, false),
            CoolDown = new(key, Now, Now.AddSeconds(1), TokenEndpointOutcome.Unavailable, 1),
            Pending = new(key.RefreshToken, Now, Guid.Empty, 1),
        };
    }
}
