using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Tests.Coordination;

/// <summary>The decision as a table: each row is a situation, its step, and until when where that has an end.</summary>
public sealed class RefreshDeciderTests
{
    private static readonly DateTimeOffset Now = Decisions.Now;
    private static readonly DateTimeOffset Expired = Decisions.Expired;
    private static readonly DateTimeOffset Valid = Now.AddHours(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private static readonly RefreshReason Rejected = new(Decisions.AccessToken, null);
    private static readonly RefreshReason Accepted = Rejected with { WasAccepted = true };
    private static readonly RefreshReason Background = new(null, Decisions.AccessToken);

    /// <summary>Gets the rows: what is the case, the decision about it, and what is expected.</summary>
    private static readonly (string Case, Func<RefreshDecision> Decide, RefreshAction Step, DateTimeOffset? Until)[] Rows =
    [
        ("nothing is stored", () => Decide(null), RefreshAction.NothingStored, null),
        ("the sentinel of a logout is stored", () => Decide(new OAuthCredentials("", "", DateTimeOffset.UnixEpoch)), RefreshAction.SignedOut, null),

        ("the token is valid", () => Decide(Stored(Valid)), RefreshAction.Adopt, null),
        ("its expiry is unknown", () => Decide(Stored(null)), RefreshAction.Adopt, null),
        ("a tick before the skew", () => Decide(Stored(Now + TimeSpan.FromSeconds(10) + Tick)), RefreshAction.Adopt, null),
        ("exactly at the skew", () => Decide(Stored(Now + TimeSpan.FromSeconds(10))), RefreshAction.Refresh, null),
        ("the rejected token is another", () => Decide(Stored(Valid), goal: new("an older token", null)), RefreshAction.Adopt, null),
        ("a background flight finds another fresh token", () => Decide(Stored(Valid), goal: new(null, "an older token")), RefreshAction.Adopt, null),
        ("a valid token without refresh token", () => Decide(new("access", null, Valid)), RefreshAction.Adopt, null),
        ("a valid token whose refresh token was called dead", () => Decide(Stored(Valid), Record(dead: true)), RefreshAction.Adopt, null),

        ("the token is expired", () => Decide(Stored(Expired)), RefreshAction.Refresh, null),
        ("the stored token is the rejected one", () => Decide(Stored(Valid), goal: Rejected), RefreshAction.Refresh, null),
        ("a token of unknown expiry was rejected", () => Decide(Stored(null), goal: Rejected), RefreshAction.Refresh, null),
        ("a background flight finds its own token", () => Decide(Stored(Valid), goal: Background), RefreshAction.Refresh, null),
        ("a refresh token without access token", () => Decide(new("", "refresh")), RefreshAction.Refresh, null),

        ("expired, and no refresh token", () => Decide(new("access", null, Expired)), RefreshAction.NotRefreshable, null),
        ("rejected, and no refresh token", () => Decide(new("access", null, Valid), goal: new("access", null)), RefreshAction.NotRefreshable, null),

        ("the refresh token was called dead", () => Decide(Stored(Expired), Record(dead: true)), RefreshAction.Dead, null),
        ("dead says a dialect this process heard", () => Decide(Stored(Expired), isSuspectedDead: true), RefreshAction.Dead, null),
        ("dead, and cooling down too", () => Decide(Stored(Expired), Record(dead: true, coolDown: CoolDown(Now, Valid))), RefreshAction.Dead, null),
        ("another client was told dead", () => Decide(Stored(Expired), Record(dead: true), client: "another client"), RefreshAction.Refresh, null),

        ("the refresh token was spent for another account", () => Decide(Stored(Expired), OtherAccount()), RefreshAction.OtherAccount, null),
        ("it was spent for another account, by another client", () => Decide(Stored(Expired), OtherAccount(), client: "another client"), RefreshAction.OtherAccount, null),
        ("it was spent for another account, and the access token lives", () => Decide(Stored(Valid), OtherAccount()), RefreshAction.Adopt, null),
        ("another token was spent for another account", () => Decide(new("access", "refresh-2", Expired), OtherAccount()), RefreshAction.Refresh, null),

        ("a spent refresh token came back", () => Decide(Stored(Expired), Consumed()), RefreshAction.RolledBack, null),
        ("a spent refresh token came back beside a valid access token", () => Decide(Stored(Valid), Consumed()), RefreshAction.RolledBack, null),

        ("another process keeps the successor", () => Decide(Stored(Expired), Pending(Now)), RefreshAction.PendingElsewhere, Now.AddMinutes(2)),
        ("another process kept the successor two minutes ago", () => Decide(Stored(Expired), Pending(Now.AddMinutes(-2))), RefreshAction.Refresh, null),
        ("another process keeps the successor, by a clock that was set back a little since", () => Decide(Stored(Expired), Pending(Now.AddMinutes(2) - Tick)), RefreshAction.PendingElsewhere, Now.AddMinutes(4) - Tick),
        ("another process keeps the successor, two minutes in the future", () => Decide(Stored(Expired), Pending(Now.AddMinutes(2))), RefreshAction.Refresh, null),
        ("another process kept the successor in another boot", () => Decide(Stored(Expired), Pending(Now, Guid.NewGuid())), RefreshAction.Refresh, null),
        ("another process keeps the successor, and has refreshed it since", () => Decide(Stored(Expired), Pending(Now) with { Consumed = Consumed().Consumed }), RefreshAction.PendingElsewhere, Now.AddMinutes(2)),
        ("another process kept the successor, had refreshed it, and is gone", () => Decide(Stored(Expired), Pending(Now.AddMinutes(-2)) with { Consumed = Consumed().Consumed }), RefreshAction.RolledBack, null),
        ("another process keeps the successor of another token", () => Decide(new("access", "refresh-2", Expired), Pending(Now)), RefreshAction.Refresh, null),

        ("a cool-down runs", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now.AddSeconds(-1), Now + Tick))), RefreshAction.CoolDown, Now + Tick),
        ("a cool-down begins now", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddSeconds(1)))), RefreshAction.CoolDown, Now.AddSeconds(1)),
        ("a cool-down ends now", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now.AddSeconds(-1), Now))), RefreshAction.Refresh, null),
        ("a cool-down that begins in the future", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now + Tick, Now.AddSeconds(1)))), RefreshAction.Refresh, null),
        ("a cool-down as long as the cap", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddMinutes(10)))), RefreshAction.CoolDown, Now.AddMinutes(10)),
        ("a cool-down past the cap", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddMinutes(10) + Tick))), RefreshAction.Refresh, null),
        ("the cool-down of another client", () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Valid)), client: "another client"), RefreshAction.Refresh, null),

        ("a fresh token was rejected", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Rejected), RefreshAction.Restrained, Now.AddSeconds(20)),
        ("a tick before the restraint ends", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-30) + Tick, 30), Rejected), RefreshAction.Restrained, Now + Tick),
        ("the restraint ends now", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-30), 30), Rejected), RefreshAction.Refresh, null),
        ("obtained in the future", () => Decide(Stored(Valid), Obtained(Now + Tick, 30), Rejected), RefreshAction.Refresh, null),
        ("no restraint was noted", () => Decide(Stored(Valid), Obtained(Now, 0), Rejected), RefreshAction.Refresh, null),
        ("a fresh token was rejected and is expired besides", () => Decide(Stored(Expired), Obtained(Now.AddSeconds(-90), 600), Rejected), RefreshAction.Refresh, null),
        ("a fresh token was not rejected but is to be renewed", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Background), RefreshAction.Refresh, null),

        ("a fresh token was accepted before it was rejected", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted), RefreshAction.Refresh, null),
        ("a good answer has ended such a restraint a moment ago", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted, endedAt: Now.AddSeconds(-30) + Tick), RefreshAction.Restrained, Now.AddSeconds(20)),
        ("a good answer has ended a restraint as long ago as this one lasts", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted, endedAt: Now.AddSeconds(-30)), RefreshAction.Refresh, null),
        ("a good answer has ended a restraint in the future", () => Decide(Stored(Valid), Obtained(Now.AddSeconds(-10), 30), Accepted, endedAt: Now + Tick), RefreshAction.Refresh, null),

        ("an attempt's outcome is unknown, and the access token dead", () => Decide(Stored(Expired), Attempt(Now.AddHours(-1))), RefreshAction.Replay, null),
        ("an attempt's outcome is unknown, and the access token expires now", () => Decide(Stored(Now), Attempt(Now)), RefreshAction.Replay, null),
        ("an attempt's outcome is unknown, and the access token was rejected", () => Decide(Stored(Valid), Attempt(Now), Rejected), RefreshAction.Replay, null),
        ("an attempt's outcome is unknown, and the access token lives", () => Decide(Stored(Valid), Attempt(Now), Background), RefreshAction.Deferred, Valid),
        ("an attempt's outcome is unknown, and the access token lives for the skew", () => Decide(Stored(Now.AddSeconds(5)), Attempt(Now)), RefreshAction.Deferred, Now.AddSeconds(5)),
        ("the reuse window is open", () => Decide(Stored(Valid), Attempt(Now.AddSeconds(-60) + Tick), Background, window: 60), RefreshAction.Replay, null),
        ("the reuse window closes now", () => Decide(Stored(Valid), Attempt(Now.AddSeconds(-60)), Background, window: 60), RefreshAction.Deferred, Valid),
        ("an attempt of the future opens no window", () => Decide(Stored(Valid), Attempt(Now + Tick), Background, window: 60), RefreshAction.Deferred, Valid),
        ("the replay was lost too", () => Decide(Stored(Expired), Attempt(Now, count: 2)), RefreshAction.Deferred, Now.AddMinutes(10)),
        ("the replay was lost, and the window is open", () => Decide(Stored(Expired), Attempt(Now, count: 2), window: 60), RefreshAction.Deferred, Now.AddMinutes(10)),
        ("a tick before the next try after a lost replay", () => Decide(Stored(Expired), Attempt(Now.AddMinutes(-10) + Tick, count: 2)), RefreshAction.Deferred, Now + Tick),
        ("the next try after a lost replay is due", () => Decide(Stored(Expired), Attempt(Now.AddMinutes(-10), count: 2)), RefreshAction.Replay, null),
        ("a lost replay of the future", () => Decide(Stored(Expired), Attempt(Now + Tick, count: 5)), RefreshAction.Replay, null),
        ("the attempt of another client", () => Decide(Stored(Expired), Attempt(Now, count: 2), client: "another client"), RefreshAction.Refresh, null),
        ("an attempt with another pair", () => Decide(new(Decisions.AccessToken, "refresh-2", Expired), Attempt(Now, count: 2)), RefreshAction.Refresh, null),
        ("notes about another access token", () => Decide(new("access-2", Decisions.RefreshToken, Expired), Record(dead: true, coolDown: CoolDown(Now, Valid))), RefreshAction.Refresh, null),
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
    public void The_table_reaches_every_step() => Rows.Select(r => r.Step).Distinct().Should().BeEquivalentTo(Enum.GetValues<RefreshAction>());

    private static OAuthCredentials Stored(DateTimeOffset? expiresAt) => Decisions.Stored(expiresAt);

    private static RefreshDecision Decide(
        OAuthCredentials? stored, CoordinationRecord? record = null, RefreshReason goal = default, bool isSuspectedDead = false, int? window = null, string? client = null, DateTimeOffset? endedAt = null) =>
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
