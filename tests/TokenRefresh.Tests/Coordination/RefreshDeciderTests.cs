using FluentAssertions;
using TokenRefresh.Coordination;
using TokenRefresh.Credentials;

namespace TokenRefresh.Tests.Coordination;

/// <summary>The decision as a table: each row is a situation, its step, and until when where that has an end.</summary>
public sealed class RefreshDeciderTests
{
    private static readonly DateTimeOffset Now = Decisions.Now;
    private static readonly DateTimeOffset Expired = Decisions.Expired;
    private static readonly DateTimeOffset Valid = Now.AddHours(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private static readonly RefreshGoal Rejected = new(Decisions.AccessToken, null);
    private static readonly RefreshGoal Accepted = Rejected with { WasAccepted = true };
    private static readonly RefreshGoal Background = new(null, Decisions.AccessToken);

    /// <summary>Gets the rows: what is the case, the decision about it, and what is expected.</summary>
    private static readonly (string Case, Func<RefreshDecision> Decide, RefreshStep Step, DateTimeOffset? Until)[] Rows =
    [
        ("nothing is stored", () => Decide(null), RefreshStep.NothingStored, null),
        ("the sentinel of a logout is stored", () => Decide(new OAuthCredentials("", "", DateTimeOffset.UnixEpoch)), RefreshStep.SignedOut, null),

        ("the token is valid", () => Decide(Stored(Valid)), RefreshStep.Adopt, null),
        ("its expiry is unknown", () => Decide(Stored(null)), RefreshStep.Adopt, null),
        ("a tick before the skew", () => Decide(Stored(Now + TimeSpan.FromSeconds(10) + Tick)), RefreshStep.Adopt, null),
        ("exactly at the skew", () => Decide(Stored(Now + TimeSpan.FromSeconds(10))), RefreshStep.Refresh, null),
        ("the rejected token is another", () => Decide(Stored(Valid), goal: new("an older token", null)), RefreshStep.Adopt, null),
        ("a background flight finds another fresh token", () => Decide(Stored(Valid), goal: new(null, "an older token")), RefreshStep.Adopt, null),
        ("a valid token without refresh token", () => Decide(new("access", null, Valid)), RefreshStep.Adopt, null),
        ("a valid token whose refresh token was called dead", () => Decide(Stored(Valid), Record(dead: true)), RefreshStep.Adopt, null),

        ("the token is expired", () => Decide(Stored(Expired)), RefreshStep.Refresh, null),
        ("the stored token is the rejected one", () => Decide(Stored(Valid), goal: Rejected), RefreshStep.Refresh, null),
        ("a token of unknown expiry was rejected", () => Decide(Stored(null), goal: Rejected), RefreshStep.Refresh, null),
        ("a background flight finds its own token", () => Decide(Stored(Valid), goal: Background), RefreshStep.Refresh, null),
        ("a refresh token without access token", () => Decide(new("", "refresh")), RefreshStep.Refresh, null),

        ("expired, and no refresh token", () => Decide(new("access", null, Expired)), RefreshStep.NotRefreshable, null),
        ("rejected, and no refresh token", () => Decide(new("access", null, Valid), goal: new("access", null)), RefreshStep.NotRefreshable, null),

        ("the refresh token was called dead", () => Decide(Stored(Expired), Record(dead: true)), RefreshStep.Dead, null),
        ("dead says a dialect this process heard", () => Decide(Stored(Expired), isSuspectedDead: true), RefreshStep.Dead, null),
        ("dead, and cooling down too", () => Decide(Stored(Expired), Record(dead: true, coolDown: CoolDown(Now, Valid))), RefreshStep.Dead, null),
        ("another client was told dead", () => Decide(Stored(Expired), Record(dead: true), client: "another client"), RefreshStep.Refresh, null),

        ("the refresh token was spent for another account", () => Decide(Stored(Expired), OtherAccount()), RefreshStep.OtherAccount, null),
        ("it was spent for another account, by another client", () => Decide(Stored(Expired), OtherAccount(), client: "another client"), RefreshStep.OtherAccount, null),
        ("it was spent for another account, and the access token lives", () => Decide(Stored(Valid), OtherAccount()), RefreshStep.Adopt, null),
        ("another token was spent for another account", () => Decide(new("access", "refresh-2", Expired), OtherAccount()), RefreshStep.Refresh, null),

        ("a spent refresh token came back", () => Decide(Stored(Expired), Consumed()), RefreshStep.RolledBack, null),
        ("a spent refresh token came back beside a valid access token", () => Decide(Stored(Valid), Consumed()), RefreshStep.RolledBack, null),

        ("another process keeps the successor", () => Decide(Stored(Expired), Pending(Now)), RefreshStep.PendingElsewhere, Now.AddMinutes(2)),
        ("another process kept the successor two minutes ago", () => Decide(Stored(Expired), Pending(Now.AddMinutes(-2))), RefreshStep.Refresh, null),
        ("another process keeps the successor, by a clock that was set back a little since", () => Decide(Stored(Expired), Pending(Now.AddMinutes(2) - Tick)), RefreshStep.PendingElsewhere, Now.AddMinutes(4) - Tick),
        ("another process keeps the successor, two minutes in the future", () => Decide(Stored(Expired), Pending(Now.AddMinutes(2))), RefreshStep.Refresh, null),
        ("another process kept the successor in another boot", () => Decide(Stored(Expired), Pending(Now, Guid.NewGuid())), RefreshStep.Refresh, null),
        ("another process keeps the successor, and has refreshed it since", () => Decide(Stored(Expired), Pending(Now) with { Consumed = Consumed().Consumed }), RefreshStep.PendingElsewhere, Now.AddMinutes(2)),
        ("another process kept the successor, had refreshed it, and is gone", () => Decide(Stored(Expired), Pending(Now.AddMinutes(-2)) with { Consumed = Consumed().Consumed }), RefreshStep.RolledBack, null),
        ("another process keeps the successor of another token", () => Decide(new("access", "refresh-2", Expired), Pending(Now)), RefreshStep.Refresh, null),

        ("a cool-down runs", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now.AddSeconds(-1), Now + Tick))), RefreshStep.CoolDown, Now + Tick),
        ("a cool-down begins now", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddSeconds(1)))), RefreshStep.CoolDown, Now.AddSeconds(1)),
        ("a cool-down ends now", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now.AddSeconds(-1), Now))), RefreshStep.Refresh, null),
        ("a cool-down that begins in the future", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now + Tick, Now.AddSeconds(1)))), RefreshStep.Refresh, null),
        ("a cool-down as long as the cap", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddMinutes(10)))), RefreshStep.CoolDown, Now.AddMinutes(10)),
        ("a cool-down past the cap", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddMinutes(10) + Tick))), RefreshStep.Refresh, null),
        ("the cool-down of another client", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Valid)), client: "another client"), RefreshStep.Refresh, null),

        ("a fresh token was rejected", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Rejected), RefreshStep.Restrained, Now.AddSeconds(20)),
        ("a tick before the restraint ends", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-30) + Tick, 30), Rejected), RefreshStep.Restrained, Now + Tick),
        ("the restraint ends now", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-30), 30), Rejected), RefreshStep.Refresh, null),
        ("obtained in the future", () => Decide(Stored(Valid), Obtained(Now + Tick, 30), Rejected), RefreshStep.Refresh, null),
        ("no restraint was noted", () => Decide(Stored(Valid), Obtained(Now, 0), Rejected), RefreshStep.Refresh, null),
        ("a fresh token was rejected and is expired besides", () => Decide(Stored(Expired), Obtained(Now.AddSeconds(-90), 600), Rejected), RefreshStep.Refresh, null),
        ("a fresh token was not rejected but is to be renewed", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Background), RefreshStep.Refresh, null),

        ("a fresh token was accepted before it was rejected", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted), RefreshStep.Refresh, null),
        ("a good answer has ended such a restraint a moment ago", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted, endedAt: Now.AddSeconds(-30) + Tick), RefreshStep.Restrained, Now.AddSeconds(20)),
        ("a good answer has ended a restraint as long ago as this one lasts", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted, endedAt: Now.AddSeconds(-30)), RefreshStep.Refresh, null),
        ("a good answer has ended a restraint in the future", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted, endedAt: Now + Tick), RefreshStep.Refresh, null),

        ("an attempt's outcome is unknown, and the access token dead", () => Decide(Stored(Expired), Attempt(Now.AddHours(-1))), RefreshStep.Replay, null),
        ("an attempt's outcome is unknown, and the access token expires now", () => Decide(Stored(Now), Attempt(Now)), RefreshStep.Replay, null),
        ("an attempt's outcome is unknown, and the access token was rejected", () => Decide(Stored(Valid), Attempt(Now), Rejected), RefreshStep.Replay, null),
        ("an attempt's outcome is unknown, and the access token lives", () => Decide(Stored(Valid), Attempt(Now), Background), RefreshStep.Deferred, Valid),
        ("an attempt's outcome is unknown, and the access token lives for the skew", () => Decide(Stored(Now.AddSeconds(5)), Attempt(Now)), RefreshStep.Deferred, Now.AddSeconds(5)),
        ("the reuse window is open", () => Decide(Stored(Valid), Attempt(Now.AddSeconds(-60) + Tick), Background, window: 60), RefreshStep.Replay, null),
        ("the reuse window closes now", () => Decide(Stored(Valid), Attempt(Now.AddSeconds(-60)), Background, window: 60), RefreshStep.Deferred, Valid),
        ("an attempt of the future opens no window", () => Decide(Stored(Valid), Attempt(Now + Tick), Background, window: 60), RefreshStep.Deferred, Valid),
        ("the replay was lost too", () => Decide(Stored(Expired), Attempt(Now, count: 2)), RefreshStep.Deferred, Now.AddMinutes(10)),
        ("the replay was lost, and the window is open", () => Decide(Stored(Expired), Attempt(Now, count: 2), window: 60), RefreshStep.Deferred, Now.AddMinutes(10)),
        ("a tick before the next try after a lost replay", () => Decide(Stored(Expired), Attempt(Now.AddMinutes(-10) + Tick, count: 2)), RefreshStep.Deferred, Now + Tick),
        ("the next try after a lost replay is due", () => Decide(Stored(Expired), Attempt(Now.AddMinutes(-10), count: 2)), RefreshStep.Replay, null),
        ("a lost replay of the future", () => Decide(Stored(Expired), Attempt(Now + Tick, count: 5)), RefreshStep.Replay, null),
        ("the attempt of another client", () => Decide(Stored(Expired), Attempt(Now, count: 2), client: "another client"), RefreshStep.Refresh, null),
        ("an attempt with another pair", () => Decide(new(Decisions.AccessToken, "refresh-2", Expired), Attempt(Now, count: 2)), RefreshStep.Refresh, null),
        ("notes about another access token", () => Decide(new("access-2", Decisions.RefreshToken, Expired), Record(dead: true, coolDown: CoolDown(Now, Valid))), RefreshStep.Refresh, null),
    ];

    public static TheoryData<string> Cases => [.. Rows.Select(r => r.Case)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Decides(string situation)
    {
        var row = Rows.Single(r => r.Case == situation);

        RefreshDecision decision = row.Decide();

        decision.Should().Be(new RefreshDecision(row.Step, row.Until));
    }

    [Fact]
    public void The_table_reaches_every_step() => Rows.Select(r => r.Step).Distinct().Should().BeEquivalentTo(Enum.GetValues<RefreshStep>());

    private static OAuthCredentials Stored(DateTimeOffset? expiresAt) => Decisions.Stored(expiresAt);

    private static RefreshDecision Decide(
        OAuthCredentials? stored, CoordinationRecord? record = null, RefreshGoal goal = default, bool isSuspectedDead = false, int? window = null, string? client = null, DateTimeOffset? endedAt = null) =>
        Decisions.Decide(
            stored,
            record,
            goal,
            isSuspectedDead: isSuspectedDead,
            window: window is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            client: client is null ? null : Fingerprint.Of(client),
            restraintEndedAt: endedAt);

    private static CoordinationRecord Pending(DateTimeOffset renewedAt, Guid? bootId = null) =>
        Record() with { Pending = new PendingNote(Fingerprint.Of(Decisions.RefreshToken), renewedAt, bootId ?? BootId.Current, ProcessId: 4711) };

    private static CoordinationRecord Record(bool dead = false, CoolDownNote? coolDown = null) =>
        CoordinationRecord.Empty with { Dead = dead ? new DeadNote(Decisions.Key, Now, false) : null, CoolDown = coolDown };

    private static CoordinationRecord OtherAccount() => Consumed() with { Dead = new DeadNote(Decisions.Key, Now, AfterUnknownOutcome: false, IsOtherAccount: true) };

    private static CoordinationRecord Consumed() => CoordinationRecord.Empty with { Consumed = [Fingerprint.Of("another"), Fingerprint.Of(Decisions.RefreshToken)] };

    private static CoolDownNote CoolDown(DateTimeOffset start, DateTimeOffset end) => new(Decisions.Key, start, end, TokenEndpointOutcome.Throttled, 1);

    private static CoordinationRecord Obtained(DateTimeOffset at, int restraint) =>
        CoordinationRecord.Empty with { Obtained = new ObtainedNote(Fingerprint.Of(Decisions.AccessToken), at, TimeSpan.FromSeconds(restraint)) };

    private static CoordinationRecord Attempt(DateTimeOffset at, int count = 1) =>
        CoordinationRecord.Empty with { Attempt = new AttemptNote(Decisions.Key, at, Guid.Empty, count) };
}
