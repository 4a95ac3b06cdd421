using FluentAssertions;
using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Tests.Refresh;

/// <summary>The decision as a table: each row is a situation, its step, and until when where that has an end.</summary>
public sealed class RefreshRulesTests
{
    private static readonly DateTimeOffset Now = Decisions.Now;
    private static readonly DateTimeOffset Expired = Decisions.Expired;
    private static readonly DateTimeOffset Valid = Now.AddHours(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private static readonly RefreshReason Rejected = new(Decisions.AccessToken, null);
    private static readonly RefreshReason Background = new(null, Decisions.AccessToken);

    /// <summary>Gets the rows: what is the case, the decision about it, and what is expected.</summary>
    private static readonly (string Case, Func<RefreshDecision> Decide, Enum Step, DateTimeOffset? Until)[] Rows =
    [
        ("nothing is stored", () => Decide(null), SignInRequiredReason.NothingStored, null),
        ("the sentinel of a logout is stored",
            () => Decide(new OAuthCredentials("", "", DateTimeOffset.UnixEpoch)), SignInRequiredReason.SignedOut, null),

        ("the token is valid", () => Decide(Stored(Valid)), RefreshAction.Use, null),
        ("its expiry is unknown", () => Decide(Stored(null)), RefreshAction.Use, null),
        ("a tick before the skew", () => Decide(Stored(Now + TimeSpan.FromSeconds(10) + Tick)), RefreshAction.Use, null),
        ("exactly at the skew", () => Decide(Stored(Now + TimeSpan.FromSeconds(10))), RefreshAction.Refresh, null),
        ("the rejected token is another", () => Decide(Stored(Valid), reason: new("an older token", null)), RefreshAction.Use, null),
        ("a background refresh finds another fresh token",
            () => Decide(Stored(Valid), reason: new(null, "an older token")), RefreshAction.Use, null),
        ("a valid token without refresh token", () => Decide(new("access", null, Valid)), RefreshAction.Use, null),
        ("a valid token whose refresh token was rejected", () => Decide(Stored(Valid), Record(rejected: true)), RefreshAction.Use, null),

        ("the token is expired", () => Decide(Stored(Expired)), RefreshAction.Refresh, null),
        ("the stored token is the rejected one", () => Decide(Stored(Valid), reason: Rejected), RefreshAction.Refresh, null),
        ("a token of unknown expiry was rejected", () => Decide(Stored(null), reason: Rejected), RefreshAction.Refresh, null),
        ("a background refresh finds its own token", () => Decide(Stored(Valid), reason: Background), RefreshAction.Refresh, null),
        ("a refresh token without access token", () => Decide(new("", "refresh")), RefreshAction.Refresh, null),

        ("expired, and no refresh token", () => Decide(new("access", null, Expired)), RefreshAction.NotRefreshable, null),
        ("rejected, and no refresh token",
            () => Decide(new("access", null, Valid), reason: new("access", null)), RefreshAction.NotRefreshable, null),

        ("a valid token that is bound to a key", () => Decide(Bound(Valid)), RefreshAction.BoundToKey, null),
        ("an expired token that is bound to a key", () => Decide(Bound(Expired)), RefreshAction.BoundToKey, null),
        ("a used refresh token beside a token that is bound to a key",
            () => Decide(Bound(Valid), isUsed: true), SignInRequiredReason.RolledBack, null),

        ("the refresh token was rejected",
            () => Decide(Stored(Expired), Record(rejected: true)), SignInRequiredReason.RefreshTokenRejected, null),
        ("probably rejected, a tick before that is doubted",
            () => Decide(Stored(Expired), ProbablyRejected(Now.AddMinutes(-10) + Tick)), SignInRequiredReason.RefreshTokenRejected, null),
        ("probably rejected, ten minutes ago",
            () => Decide(Stored(Expired), ProbablyRejected(Now.AddMinutes(-10))), RefreshAction.Refresh, null),
        ("rejected, and cooling down too", () => Decide(Stored(Expired), Record(rejected: true, coolDown: CoolDown(Now, Valid))),
            SignInRequiredReason.RefreshTokenRejected, null),
        ("the refresh token was rejected for another client",
            () => Decide(Stored(Expired), Record(rejected: true), client: "another client"), RefreshAction.Refresh, null),

        ("the refresh token was exchanged for another account",
            () => Decide(Stored(Expired), OtherAccount(), isUsed: true), SignInRequiredReason.AccountMismatch, null),
        ("it was exchanged for another account, by another client",
            () => Decide(Stored(Expired), OtherAccount(), client: "another client", isUsed: true), SignInRequiredReason.AccountMismatch,
            null),
        ("it was exchanged for another account, and the access token lives",
            () => Decide(Stored(Valid), OtherAccount(), isUsed: true), RefreshAction.Use, null),
        ("another token was exchanged for another account",
            () => Decide(new("access", "refresh-2", Expired), OtherAccount()), RefreshAction.Refresh, null),

        ("a used refresh token came back", () => Decide(Stored(Expired), isUsed: true), SignInRequiredReason.RolledBack, null),
        ("a used refresh token came back beside a valid access token",
            () => Decide(Stored(Valid), isUsed: true), SignInRequiredReason.RolledBack, null),

        ("another process keeps the successor", () => Decide(Stored(Expired), Pending(Now)), HoldKind.Unsaved, Now.AddMinutes(2)),
        ("another process kept the successor two minutes ago",
            () => Decide(Stored(Expired), Pending(Now.AddMinutes(-2))), RefreshAction.Refresh, null),
        ("another process keeps the successor, by a clock that was set back a little since",
            () => Decide(Stored(Expired), Pending(Now.AddMinutes(2) - Tick)), HoldKind.Unsaved, Now.AddMinutes(4) - Tick),
        ("another process keeps the successor, two minutes in the future",
            () => Decide(Stored(Expired), Pending(Now.AddMinutes(2))), RefreshAction.Refresh, null),
        ("another process keeps the successor, and has refreshed it since",
            () => Decide(Stored(Expired), Pending(Now), isUsed: true), HoldKind.Unsaved, Now.AddMinutes(2)),
        ("another process kept the successor, had refreshed it, and is gone",
            () => Decide(Stored(Expired), Pending(Now.AddMinutes(-2)), isUsed: true), SignInRequiredReason.RolledBack, null),
        ("another process keeps the successor of another token",
            () => Decide(new("access", "refresh-2", Expired), Pending(Now)), RefreshAction.Refresh, null),

        ("a cool-down runs",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now.AddSeconds(-1), Now + Tick))), HoldKind.CoolDown, Now + Tick),
        ("a cool-down begins now",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddSeconds(1)))), HoldKind.CoolDown, Now.AddSeconds(1)),
        ("a cool-down ends now",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now.AddSeconds(-1), Now))), RefreshAction.Refresh, null),
        ("a cool-down that begins in the future",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now + Tick, Now.AddSeconds(1)))), RefreshAction.Refresh, null),
        ("a cool-down as long as the cap",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddHours(36)))), HoldKind.CoolDown, Now.AddHours(36)),
        ("a cool-down past the cap",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Now.AddHours(36) + Tick))), RefreshAction.Refresh, null),
        ("the cool-down of another client",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Valid)), client: "another client"), RefreshAction.Refresh, null),

        ("a resource rejects fresh tokens",
            () => Decide(Stored(Valid), ResourceRejects(Now.AddSeconds(-10), 30), Rejected), HoldKind.ResourceRejects, Now.AddSeconds(20)),
        ("a tick before that pause ends",
            () => Decide(Stored(Valid), ResourceRejects(Now.AddSeconds(-30) + Tick, 30), Rejected), HoldKind.ResourceRejects, Now + Tick),
        ("that pause ends now",
            () => Decide(Stored(Valid), ResourceRejects(Now.AddSeconds(-30), 30), Rejected), RefreshAction.Refresh, null),
        ("that pause begins in the future",
            () => Decide(Stored(Valid), ResourceRejects(Now + Tick, 30), Rejected), RefreshAction.Refresh, null),
        ("it has rejected fewer than three", () => Decide(Stored(Valid), ResourceRejects(Now, 0), Rejected), RefreshAction.Refresh, null),
        ("a fresh token was rejected and is expired besides",
            () => Decide(Stored(Expired), ResourceRejects(Now.AddSeconds(-90), 600), Rejected), RefreshAction.Refresh, null),
        ("a fresh token was not rejected but is to be renewed",
            () => Decide(Stored(Valid), ResourceRejects(Now.AddSeconds(-10), 30), Background), RefreshAction.Refresh, null),
        ("the pause survives the rotation it is about",
            () => Decide(new(Decisions.AccessToken, "refresh-2", Valid), ResourceRejects(Now, 30), Rejected), HoldKind.ResourceRejects,
            Now.AddSeconds(30)),

        ("a newer version's record, and a valid token", () => Decide(Stored(Valid), new() { NewerVersion = 3 }), RefreshAction.Use, null),
        ("a newer version's record, and an expired token",
            () => Decide(Stored(Expired), new() { NewerVersion = 3 }), RefreshAction.Update, null),

        ("an attempt's outcome is unknown, and the access token expired",
            () => Decide(Stored(Expired), Attempt(Now.AddHours(-1))), RefreshAction.Replay, null),
        ("an attempt's outcome is unknown, and the access token expires now",
            () => Decide(Stored(Now), Attempt(Now)), RefreshAction.Replay, null),
        ("an attempt's outcome is unknown, and the access token was rejected",
            () => Decide(Stored(Valid), Attempt(Now), Rejected), RefreshAction.Replay, null),
        ("an attempt's outcome is unknown, and the access token lives",
            () => Decide(Stored(Valid), Attempt(Now), Background), RefreshAction.WaitForOutcome, Valid),
        ("an attempt's outcome is unknown, and the access token lives for the skew",
            () => Decide(Stored(Now.AddSeconds(5)), Attempt(Now)), RefreshAction.WaitForOutcome, Now.AddSeconds(5)),
        ("the reuse window is open",
            () => Decide(Stored(Valid), Attempt(Now.AddSeconds(-60) + Tick), Background, window: 60), RefreshAction.Replay, null),
        ("the reuse window closes now",
            () => Decide(Stored(Valid), Attempt(Now.AddSeconds(-60)), Background, window: 60), RefreshAction.WaitForOutcome, Valid),
        ("an attempt of the future opens no window",
            () => Decide(Stored(Valid), Attempt(Now + Tick), Background, window: 60), RefreshAction.WaitForOutcome, Valid),
        ("the replay was lost too",
            () => Decide(Stored(Expired), Attempt(Now, count: 2)), RefreshAction.WaitForOutcome, Now.AddMinutes(10)),
        ("the replay was lost, and the window is open",
            () => Decide(Stored(Expired), Attempt(Now, count: 2), window: 60), RefreshAction.WaitForOutcome, Now.AddMinutes(10)),
        ("a tick before the next try after a lost replay",
            () => Decide(Stored(Expired), Attempt(Now.AddMinutes(-10) + Tick, count: 2)), RefreshAction.WaitForOutcome, Now + Tick),
        ("the next try after a lost replay is due",
            () => Decide(Stored(Expired), Attempt(Now.AddMinutes(-10), count: 2)), RefreshAction.Replay, null),
        ("a lost replay of the future", () => Decide(Stored(Expired), Attempt(Now + Tick, count: 5)), RefreshAction.Replay, null),
        ("the replay was lost too, and the lock is to be waited for anyway",
            () => Decide(Stored(Expired), Attempt(Now, count: 2), beforeLock: true), RefreshAction.Refresh, null),
        ("an attempt and a cool-down, before the lock is had",
            () => Decide(Stored(Expired), Attempt(Now).WithHold(CoolDown(Now, Valid)), beforeLock: true), HoldKind.CoolDown, Valid),
        ("the attempt of another client",
            () => Decide(Stored(Expired), Attempt(Now, count: 2), client: "another client"), RefreshAction.Refresh, null),
        ("an attempt with another pair",
            () => Decide(new(Decisions.AccessToken, "refresh-2", Expired), Attempt(Now, count: 2)), RefreshAction.Refresh, null),
        ("notes about another access token",
            () => Decide(new("access-2", Decisions.RefreshToken, Expired), Record(rejected: true, coolDown: CoolDown(Now, Valid))),
            RefreshAction.Refresh, null),

        ("a follower, and a valid token", () => Decide(Stored(Valid), follows: true), RefreshAction.Use, null),
        ("a follower, and an expired token", () => Decide(Stored(Expired), follows: true), RefreshAction.AwaitOwner, null),
        ("a follower, and its rejected token",
            () => Decide(Stored(Valid), reason: Rejected, follows: true), RefreshAction.AwaitOwner, null),
        ("a follower, and no refresh token",
            () => Decide(new("access", null, Expired), follows: true), RefreshAction.AwaitOwner, null),
        ("a follower, and an unknown outcome",
            () => Decide(Stored(Expired), Attempt(Now), follows: true), RefreshAction.AwaitOwner, null),
        ("a follower, and a newer version's record",
            () => Decide(Stored(Expired), new() { NewerVersion = 3 }, follows: true), RefreshAction.AwaitOwner, null),
        ("a follower, and the cool-down of whatever client the owner is",
            () => Decide(Stored(Expired), Record(coolDown: CoolDown(Now, Valid)), client: "another client", follows: true),
            HoldKind.CoolDown, Valid),
        ("a follower, and a resource that rejects fresh tokens", () => Decide(
            Stored(Valid), ResourceRejects(Now.AddSeconds(-10), 30), Rejected, client: "another client", follows: true),
            HoldKind.ResourceRejects, Now.AddSeconds(20)),
        ("a follower, and unsaved tokens elsewhere",
            () => Decide(Stored(Expired), Pending(Now), follows: true), HoldKind.Unsaved, Now.AddMinutes(2)),
        ("a follower, and an older file",
            () => Decide(Stored(Valid), isUsed: true, follows: true), SignInRequiredReason.RolledBack, null),
        ("a follower, and a refresh token that was rejected",
            () => Decide(Stored(Expired), Record(rejected: true), client: "another client", follows: true),
            SignInRequiredReason.RefreshTokenRejected, null),
        ("a follower, and nothing stored", () => Decide(null, follows: true), SignInRequiredReason.NothingStored, null),
        ("a follower, and a token that is bound to a key", () => Decide(Bound(Expired), follows: true), RefreshAction.BoundToKey, null),

        ("a client's token: nothing is stored", () => DecideClient(null), RefreshAction.Refresh, null),
        ("a client's token: the sentinel of a logout", () => DecideClient(new("", null)), RefreshAction.Refresh, null),
        ("a client's token: it is valid", () => DecideClient(new("access", null, Valid)), RefreshAction.Use, null),
        ("a client's token: it is expired", () => DecideClient(new("access", null, Expired)), RefreshAction.Refresh, null),
        ("a client's token: it was rejected",
            () => DecideClient(new("access", null, Valid), reason: new("access", null)), RefreshAction.Refresh, null),
        ("a client's token: an attempt is noted",
            () => DecideClient(new("access", null, Expired), Attempt(Now, count: 2)), RefreshAction.Refresh, null),
        ("a client's token: a user's login is stored", () => DecideClient(Stored(Valid)), RefreshAction.UserLogin, null),
        ("a client's token: one that is bound to a key",
            () => DecideClient(new("access", null, Valid) { TokenType = "DPoP" }), RefreshAction.BoundToKey, null),
    ];

    public static TheoryData<string> Cases => [.. Rows.Select(r => r.Case)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Decides(string situation)
    {
        var row = Rows.Single(r => r.Case == situation);

        RefreshDecision decision = row.Decide();

        Enum step = decision.SignInReason ?? decision.Hold?.Kind ?? (Enum)decision.Action;
        step.Should().Be(row.Step);
        decision.Until.Should().Be(row.Until);
    }

    [Fact]
    public void The_table_reaches_every_action() =>
        Rows.Select(r => r.Decide().Action).Distinct().Should().BeEquivalentTo(Enum.GetValues<RefreshAction>());

    private static OAuthCredentials Stored(DateTimeOffset? expiresAt) => Decisions.Stored(expiresAt);

    private static OAuthCredentials Bound(DateTimeOffset expiresAt) =>
        new(Decisions.AccessToken, Decisions.RefreshToken, expiresAt) { TokenType = "DPoP" };

    private static RefreshDecision Decide(
        OAuthCredentials? stored,
        LoginRecord? record = null,
        RefreshReason? reason = null,
        bool isUsed = false,
        int? window = null,
        string client = "tests",
        bool follows = false,
        bool beforeLock = false) =>
        Decisions.Decide(
            stored,
            record,
            reason,
            isUsed: isUsed,
            window: window is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            client: client,
            follows: follows,
            beforeLock: beforeLock);

    private static RefreshDecision DecideClient(OAuthCredentials? stored, LoginRecord? record = null, RefreshReason? reason = null) =>
        Decisions.Decide(stored, record, reason, grant: TokenGrant.ClientCredentials);

    private static LoginRecord Pending(DateTimeOffset renewedAt) =>
        LoginRecord.Empty.WithHold(new Hold(HoldKind.Unsaved, Decisions.Key, renewedAt, renewedAt.AddMinutes(2), 1) { Cause = "4711" });

    private static LoginRecord Record(bool rejected = false, Hold? coolDown = null)
    {
        LoginRecord record = rejected
            ? LoginRecord.Empty.WithHold(new Hold(HoldKind.Rejected, Decisions.Key, Now, null, 1))
            : LoginRecord.Empty;
        return coolDown is null ? record : record.WithHold(coolDown);
    }

    private static LoginRecord ProbablyRejected(DateTimeOffset since) =>
        LoginRecord.Empty.WithHold(new Hold(HoldKind.Rejected, Decisions.Key, since, since.AddMinutes(10), 1));

    private static LoginRecord OtherAccount() =>
        LoginRecord.Empty.WithHold(new Hold(HoldKind.Rejected, Decisions.Key, Now, null, 1) { Cause = Hold.OtherAccount });

    private static Hold CoolDown(DateTimeOffset start, DateTimeOffset end) => new(HoldKind.CoolDown, Decisions.Key, start, end, 1);

    private static LoginRecord ResourceRejects(DateTimeOffset since, int seconds) =>
        LoginRecord.Empty.WithHold(new Hold(HoldKind.ResourceRejects, Decisions.Key, since, since.AddSeconds(seconds), 3));

    private static LoginRecord Attempt(DateTimeOffset at, int count = 1) =>
        LoginRecord.Empty.WithAttempt(new Attempt(Decisions.Key, at, count));
}
