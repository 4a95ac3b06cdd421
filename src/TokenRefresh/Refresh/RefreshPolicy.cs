using TokenRefresh.Diagnostics;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Puts the decision to work for one goal: with this provider's options, clock and memory, and with the failures its refusals turn into.</summary>
internal sealed class RefreshPolicy(RefreshContext services, ProviderState memory, RefreshReason goal)
{
    internal RefreshReason Goal { get; } = goal;

    internal RefreshErrors Failures { get; } = new(services.Options, services.Store);

    internal RefreshDecision Decide(OAuthCredentials? stored, CoordinationRecord record) => RefreshRules.Decide(new RefreshInput
    {
        Stored = stored,
        Record = record,
        Goal = Goal,
        Now = services.TimeProvider.GetUtcNow(),
        Client = services.Client,
        IsSuspectedDead = stored?.RefreshToken is not null && memory.IsSuspected(RecordKey.Of(stored, services.Client)),
        RestraintEndedAt = memory.RestraintEndedAt,
        RefreshBeforeExpiration = services.Options.RefreshBeforeExpiration,
        ExpirationSkew = services.Options.ExpirationSkew,
        ReuseWindow = services.Options.RefreshTokenReuseWindow,
    });

    /// <summary>Shows a stored token to callers.</summary>
    /// <returns><see langword="null"/> if a sign-in or sign-out of this process came after the read: read again.</returns>
    internal TokenSnapshot? TryAdopt(OAuthCredentials stored, CoordinationRecord record, long logins)
    {
        TokenSnapshot? former = memory.Snapshot;
        if (former is not null && former.Credentials.IsSamePair(stored) && IsSameMoment(former.Credentials.ExpiresAt, stored.ExpiresAt))
        {
            return former;
        }

        TokenSnapshot snapshot = SnapshotFactory.Create(services.Options, stored, RefreshRules.LifetimeOf(stored, record), services.TimeProvider.GetUtcNow(), AccountIdentity.Of(stored, former));
        if (!memory.TryPublish(snapshot, logins))
        {
            return null;
        }

        Log.Adopted(services.Logger, services.Store.Location, stored.ExpiresAt);
        if (former is not null)
        {
            services.Events.Adopted(new TokensAdoptedEvent(services.Store.Location, stored.ExpiresAt));
        }

        return snapshot;
    }

    /// <summary>Remembers a stored token that a waiting caller should not get, but may if nothing better can be had: one within the skew is good for a moment still.</summary>
    internal void KeepIfUnexpired(RefreshDecision decision, OAuthCredentials? stored, CoordinationRecord record, long logins)
    {
        if (decision.Kind is not (RefreshAction.NothingStored or RefreshAction.SignedOut or RefreshAction.RolledBack)
            && stored is { ExpiresAt: { } expiresAt } && AccessToken.CanBeSent(stored.AccessToken) && !Goal.Excludes(stored.AccessToken) && services.TimeProvider.GetUtcNow() < expiresAt)
        {
            TryAdopt(stored, record, logins);
        }
    }

    /// <summary>Gets the failure for a step that is neither adoption nor refresh.</summary>
    internal TokenRefreshException Refusal(RefreshDecision decision, CoordinationRecord record) => decision.Kind switch
    {
        RefreshAction.NothingStored => Failures.NothingStored(),
        RefreshAction.SignedOut => Failures.SignedOut(),
        RefreshAction.NotRefreshable => Failures.NotRefreshable(),
        RefreshAction.Dead => Failures.Dead(record.Dead?.AfterUnknownOutcome ?? false),
        RefreshAction.OtherAccount => Failures.AccountMismatch(),
        RefreshAction.RolledBack => Failures.RolledBack(),
        RefreshAction.PendingElsewhere => Failures.PendingElsewhere(record.Pending, decision.Until),
        RefreshAction.CoolDown => Failures.CoolingDown(record.CoolDown, decision.Until),
        RefreshAction.Restrained => Failures.Restrained(decision.Until),
        RefreshAction.Deferred => Failures.OutcomeUnknown(decision.Until),
        _ => throw new ArgumentOutOfRangeException(nameof(decision), decision.Kind, "This step is no refusal."),
    };

    // A file counts in milliseconds or seconds, and rounds down.
    private static bool IsSameMoment(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other is null ? one is null && other is null : (one.Value - other.Value).Duration() <= TimeSpan.FromSeconds(1);
}
