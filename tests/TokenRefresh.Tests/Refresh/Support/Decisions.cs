using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Inputs of the decision, so that a test names only what it is about.</summary>
internal static class Decisions
{
    internal const string AccessToken = "access-1";
    internal const string RefreshToken = "refresh-1";

    internal static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    internal static readonly DateTimeOffset Expired = Now.AddMinutes(-1);

    private static readonly Uri Endpoint = new("https://auth.example.com/token");

    internal static RecordKey Key => KeyOf("tests");

    internal static RecordKey KeyOf(string client) => RecordKey.Of(Stored(Expired), Context(client).Client);

    internal static OAuthCredentials Stored(DateTimeOffset? expiresAt) => new(AccessToken, RefreshToken, expiresAt);

    internal static RefreshDecision Decide(
        OAuthCredentials? stored,
        LoginRecord? record = null,
        RefreshReason? reason = null,
        DateTimeOffset? now = null,
        bool isUsed = false,
        TimeSpan? before = null,
        TimeSpan? skew = null,
        TimeSpan? window = null,
        string client = "tests",
        bool follows = false,
        bool beforeLock = false,
        TokenGrant grant = TokenGrant.RefreshToken) => RefreshRules.Decide(new RefreshInput
        {
            Stored = stored,
            Record = record ?? LoginRecord.Empty,
            Reason = reason ?? RefreshReason.TokenNeeded,
            Now = now ?? Now,
            Context = Context(client, before, skew, window, grant),
            Follows = follows,
            IsBeforeLock = beforeLock,
            IsUsed = isUsed,
        });

    private static RefreshContext Context(
        string client,
        TimeSpan? before = null,
        TimeSpan? skew = null,
        TimeSpan? window = null,
        TokenGrant grant = TokenGrant.RefreshToken) =>
        new(() => throw new InvalidOperationException("A decision needs no endpoint."))
        {
            Options = new()
            {
                TokenEndpoint = Endpoint,
                ClientId = client,
                Grant = grant,
                RefreshBeforeExpiration = before ?? TimeSpan.FromMinutes(5),
                ExpirationSkew = skew ?? TimeSpan.FromSeconds(10),
                RefreshTokenReuseWindow = window,
            },
            Store = new InMemoryCredentialsStore(),
            TimeProvider = TimeProvider.System,
            Logger = NullLogger.Instance,
            Metrics = new TokenRefreshMetrics(),
            Callbacks = new CallbackQueue(NullLogger.Instance),
        };
}
