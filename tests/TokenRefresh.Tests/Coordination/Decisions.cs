using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Tests.Coordination;

/// <summary>Inputs of the decision, so that a test names only what it is about.</summary>
internal static class Decisions
{
    internal const string AccessToken = "access-1";
    internal const string RefreshToken = "refresh-1";

    internal static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    internal static readonly DateTimeOffset Expired = Now.AddMinutes(-1);
    internal static readonly Fingerprint Client = Fingerprint.Of("https://auth.example.com/token\ntests");

    internal static RecordKey Key => RecordKey.Of(Stored(Expired), Client);

    internal static OAuthCredentials Stored(DateTimeOffset? expiresAt) => new(AccessToken, RefreshToken, expiresAt);

    internal static RefreshDecision Decide(
        OAuthCredentials? stored,
        CoordinationRecord? record = null,
        RefreshReason goal = default,
        DateTimeOffset? now = null,
        bool isSuspectedDead = false,
        TimeSpan? before = null,
        TimeSpan? skew = null,
        TimeSpan? window = null,
        Fingerprint? client = null,
        DateTimeOffset? restraintEndedAt = null) => RefreshRules.Decide(new RefreshInput
        {
            Stored = stored,
            Record = record ?? CoordinationRecord.Empty,
            Goal = goal,
            Now = now ?? Now,
            Client = client ?? Client,
            IsSuspectedDead = isSuspectedDead,
            RestraintEndedAt = restraintEndedAt,
            RefreshBeforeExpiration = before ?? TimeSpan.FromMinutes(5),
            ExpirationSkew = skew ?? TimeSpan.FromSeconds(10),
            ReuseWindow = window,
        });
}
