using FluentAssertions;
using TokenRefresh.Record;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Record;

public sealed class LoginRecordTests
{
    private static readonly OAuthCredentials Sent = new("access-1", "refresh-1");
    private static readonly OAuthCredentials Next = new("access-2", "refresh-2");
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    [Fact]
    [FailureMode("F52")]
    public void A_rotation_ends_what_was_noted_about_the_tokens_that_were_sent()
    {
        LoginRecord record = NotesAbout(Sent).AfterRotation(Sent, Next);

        record.Used.Should().Equal(Fingerprint.Of(Sent.RefreshToken!));
        record.Attempt.Should().BeNull();
        record.Holds.Should().ContainSingle("a resource that rejects fresh tokens does so after the rotation too")
            .Which.Kind.Should().Be(HoldKind.ResourceRejects);
    }

    [Fact]
    [FailureMode("F52")]
    public void A_late_save_leaves_what_was_noted_about_its_own_tokens()
    {
        LoginRecord before = NotesAbout(Next);

        LoginRecord record = before.AfterRotation(Sent, Next);

        record.Attempt.Should().Be(before.Attempt);
        record.Holds.Should().Equal(before.Holds);
    }

    [Fact]
    [FailureMode("F87")]
    public void A_refresh_token_is_noted_as_used_once_however_often_its_successor_is_saved()
    {
        LoginRecord record = LoginRecord.Empty.AfterRotation(Sent, Next).AfterRotation(Sent, Next);

        record.Used.Should().ContainSingle();
    }

    [Fact]
    [FailureMode("F87")]
    public void The_last_eight_used_refresh_tokens_are_kept_newest_first()
    {
        LoginRecord record = LoginRecord.Empty;

        for (var i = 0; i < 10; i++)
        {
            record = record.AfterRotation(new("access", $"refresh-{i}"), new("access", "next"));
        }

        record.Used.Should().Equal(Enumerable.Range(2, 8).Reverse().Select(i => Fingerprint.Of($"refresh-{i}")));
    }

    [Fact]
    public void Each_kind_and_client_has_one_hold_so_that_none_hides_another()
    {
        RecordKey ours = RecordKey.Of(Sent, "ours");
        RecordKey theirs = RecordKey.Of(Sent, "theirs");

        LoginRecord record = LoginRecord.Empty
            .WithHold(new Hold(HoldKind.Rejected, ours, Now, null, 1))
            .WithHold(new Hold(HoldKind.CoolDown, ours, Now, Now.AddSeconds(1), 1))
            .WithHold(new Hold(HoldKind.CoolDown, theirs, Now, Now.AddSeconds(2), 1))
            .WithHold(new Hold(HoldKind.CoolDown, ours, Now, Now.AddSeconds(3), 2));

        record.Holds.Should().HaveCount(3);
        record.Find(HoldKind.Rejected, ours).Should().NotBeNull();
        record.Find(HoldKind.CoolDown, ours)!.Count.Should().Be(2);
        record.Find(HoldKind.CoolDown, theirs)!.Until.Should().Be(Now.AddSeconds(2));
    }

    [Fact]
    [FailureMode("F101")]
    public void The_union_of_two_records_loses_nothing()
    {
        LoginRecord ours = LoginRecord.Empty.AfterRotation(Sent, Next);
        LoginRecord theirs = NotesAbout(Next).AfterRotation(new("access-0", "refresh-0"), Sent);

        LoginRecord union = ours.Union(theirs);

        union.Used.Should().BeEquivalentTo([Fingerprint.Of("refresh-1"), Fingerprint.Of("refresh-0")]);
        union.Attempt.Should().Be(theirs.Attempt);
        union.Holds.Should().Contain(theirs.Holds);
    }

    [Fact]
    public void A_sign_in_forgets_all_but_which_tokens_are_used_and_makes_its_own_good_again()
    {
        LoginRecord record = NotesAbout(Sent).AfterRotation(Sent, Next).AfterRotation(new("access-0", "refresh-0"), Next).AfterSignIn(Sent);

        record.Attempt.Should().BeNull();
        record.Holds.Should().BeEmpty();
        record.Used.Should().Equal(Fingerprint.Of("refresh-0"));
        record.Restored.Should().Be(Fingerprint.Of(Sent.RefreshToken!));
    }

    private static LoginRecord NotesAbout(OAuthCredentials tokens)
    {
        RecordKey key = RecordKey.Of(tokens, "client");
        return LoginRecord.Empty
            .WithAttempt(new Attempt(key, Now, 1))
            .WithHold(new Hold(HoldKind.Rejected, key, Now, null, 1))
            .WithHold(new Hold(HoldKind.CoolDown, key, Now, Now.AddSeconds(1), 1))
            .WithHold(new Hold(HoldKind.Unsaved, key, Now, Now.AddMinutes(2), 1))
            .WithHold(new Hold(HoldKind.ResourceRejects, key, Now, Now.AddSeconds(30), 3));
    }
}
