using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Decides, as a pure function of what was read, what to do next. The only place that does.</summary>
internal static class RefreshRules
{
    /// <summary>After the replay too was lost, nothing is left to lose: one further try in this time.</summary>
    internal static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(10);

    internal static RefreshDecision Decide(in RefreshInput input)
    {
        if (input.Stored is not { } stored)
        {
            return new(RefreshAction.NothingStored);
        }

        if (stored.IsSignedOut)
        {
            return new(RefreshAction.SignedOut);
        }

        // Before adoption: an older file that came back is not to be believed in either half.
        bool isOtherAccount = input.Record.IsSpentForOtherAccount(stored);
        if (!isOtherAccount && input.Record.IsConsumed(stored))
        {
            // Unless its successor, refreshed once more by now, waits in the memory of another process.
            return PendingUntil(input, stored) is { } renewed ? new(RefreshAction.PendingElsewhere, renewed) : new(RefreshAction.RolledBack);
        }

        if (IsUsable(input, stored))
        {
            return new(RefreshAction.Adopt);
        }

        if (stored.RefreshToken is null)
        {
            return new(RefreshAction.NotRefreshable);
        }

        if (isOtherAccount)
        {
            return new(RefreshAction.OtherAccount);
        }

        RecordKey key = RecordKey.Of(stored, input.Client);
        if (input.Record.Dead?.Key == key || input.IsSuspectedDead)
        {
            return new(RefreshAction.Dead);
        }

        if (PendingUntil(input, stored) is { } pendingUntil)
        {
            return new(RefreshAction.PendingElsewhere, pendingUntil);
        }

        if (input.Record.CoolDown is { } coolDown && coolDown.Key == key && coolDown.IsRunning(input.Now))
        {
            return coolDown.Outcome == TokenEndpointOutcome.RefreshTokenProbablyRejected ? new(RefreshAction.Dead) : new(RefreshAction.CoolDown, coolDown.End);
        }

        if (RestrainedUntil(input, stored, key) is { } until)
        {
            return new(RefreshAction.Restrained, until);
        }

        return input.Record.Attempt is { } attempt && attempt.Key == key ? AfterUnknownOutcome(input, stored, attempt) : new(RefreshAction.Refresh);
    }

    /// <summary>How long the stored access token lives in all, where the process that obtained it has noted when.</summary>
    internal static TimeSpan? LifetimeOf(OAuthCredentials credentials, CoordinationRecord record) =>
        credentials.ExpiresAt is { } expiresAt && record.Obtained is { } obtained && obtained.AccessToken == Fingerprint.Of(credentials.AccessToken) && obtained.At < expiresAt
            ? expiresAt - obtained.At
            : null;

    private static bool IsUsable(in RefreshInput input, OAuthCredentials stored)
    {
        // One that no header may carry is as good as none: a new one can be had for the refresh token.
        if (!AccessToken.CanBeSent(stored.AccessToken) || input.Goal.Excludes(stored.AccessToken))
        {
            return false;
        }

        TimeSpan? lifetime = LifetimeOf(stored, input.Record);
        return input.Goal.IsBackground
            ? input.Now < TokenLifetime.Of(stored.ExpiresAt, lifetime, input.Now, input.RefreshBeforeExpiration, input.ExpirationSkew, spread: 0).DueAt
            : TokenLifetime.IsUsable(stored.ExpiresAt, lifetime, input.Now, input.ExpirationSkew);
    }

    private static DateTimeOffset? PendingUntil(in RefreshInput input, OAuthCredentials stored) =>
        input.Record.Pending is { } pending && pending.IsFresh(input.Now, BootId.Current) && stored.RefreshToken is { } token && pending.Consumed == Fingerprint.Of(token)
            ? pending.RenewedAt + PendingNote.FreshFor
            : null;

    // A resource that rejects what was just obtained (suspended account, wrong audience) rejects the next one too.
    private static DateTimeOffset? RestrainedUntil(in RefreshInput input, OAuthCredentials stored, RecordKey key) =>
        input.Goal.RejectedToken == stored.AccessToken
            && TokenLifetime.IsUsable(stored.ExpiresAt, LifetimeOf(stored, input.Record), input.Now, input.ExpirationSkew)
            && input.Record.Obtained is { } obtained
            && obtained.AccessToken == key.AccessToken
            && obtained.At <= input.Now
            && input.Now < obtained.At + obtained.Restraint
            && !EndsRestraint(input, obtained.Restraint)
                ? obtained.At + obtained.Restraint
                : null;

    // One good answer ends it, but one per restraint only: where one resource accepts every token and another rejects every token, each good answer would cost a refresh.
    private static bool EndsRestraint(in RefreshInput input, TimeSpan restraint) =>
        input.Goal.WasAccepted && !(input.RestraintEndedAt is { } last && last <= input.Now && input.Now < last + restraint);

    private static RefreshDecision AfterUnknownOutcome(in RefreshInput input, OAuthCredentials stored, AttemptNote attempt)
    {
        TimeSpan age = input.Now - attempt.At;
        if (attempt.Count > 1)
        {
            return age < TimeSpan.Zero || age >= TryAgainAfter ? new(RefreshAction.Replay) : new(RefreshAction.Deferred, attempt.At + TryAgainAfter);
        }

        bool isWindowOpen = input.ReuseWindow is { } window && age >= TimeSpan.Zero && age < window;
        bool isAccessTokenDead = !AccessToken.CanBeSent(stored.AccessToken) || stored.AccessToken == input.Goal.RejectedToken || (stored.ExpiresAt is { } expiresAt && input.Now >= expiresAt);
        return isWindowOpen || isAccessTokenDead ? new(RefreshAction.Replay) : new(RefreshAction.Deferred, stored.ExpiresAt);
    }
}
