using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Decides, as a pure function of what was read, what to do next. The only place that does.</summary>
internal static class RefreshRules
{
    /// <summary>If the answer to the replay is lost too, one further request is made in each such time.</summary>
    internal static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(10);

    internal static RefreshDecision Decide(RefreshInput input)
    {
        RefreshDecision decision = DecideAsOwner(input);
        return input.Follows && IsForOwner(decision) ? RefreshDecision.AwaitOwner(decision) : decision;
    }

    private static bool IsForOwner(RefreshDecision decision) => decision.Action switch
    {
        RefreshAction.Use or RefreshAction.BoundToKey or RefreshAction.UserLogin => false,
        RefreshAction.SignIn => decision.SignInReason == SignInRequiredReason.RolledBack,
        _ => true,
    };

    private static RefreshDecision DecideAsOwner(RefreshInput input)
    {
        if (input.Context.IsClientGrant)
        {
            return DecideClientToken(input);
        }

        if (input.Stored is not { } stored)
        {
            return RefreshDecision.SignIn(input.HasSignedOut ? SignInRequiredReason.SignedOut : SignInRequiredReason.NothingStored);
        }

        if (stored.IsSignedOut)
        {
            return RefreshDecision.SignIn(SignInRequiredReason.SignedOut);
        }

        // Before the access token is looked at: of an older file that came back, it does not count either.
        if (input.IsUsed && FindExchanged(input, stored, HoldKind.Rejected) is null)
        {
            // Another process may have the successor in memory and not have saved it yet.
            return FindUnsaved(input, stored) is { } renewed
                ? RefreshDecision.Wait(renewed)
                : RefreshDecision.SignIn(SignInRequiredReason.RolledBack);
        }

        return OfAccessToken(input, stored)
            ?? (stored.RefreshToken is null ? RefreshDecision.NotRefreshable : DecideRefresh(input, stored));
    }

    // What both grants have in common. Null if a new access token is needed.
    private static RefreshDecision? OfAccessToken(RefreshInput input, OAuthCredentials stored)
    {
        if (stored.Key is null && AccessToken.IsBoundToKey(stored.TokenType))
        {
            return RefreshDecision.BoundToKey;
        }

        if (IsUsable(input, stored))
        {
            return RefreshDecision.Use;
        }

        return input.Record.NewerVersion is null ? null : RefreshDecision.Update;
    }

    private static RecordKey KeyOf(RefreshInput input, OAuthCredentials stored) =>
        RecordKey.Of(stored, input.Follows ? RecordKey.AnyClient : input.Context.Client);

    private static RefreshDecision DecideRefresh(RefreshInput input, OAuthCredentials stored)
    {
        LoginRecord record = input.Record;
        if (record.Holds.Length == 0 && (record.Attempt is null || input.IsBeforeLock))
        {
            // Before the lock an attempt decides nothing. And the key takes a hash, which costs a fresh process more than all that follows.
            return RefreshDecision.Refresh;
        }

        RecordKey key = KeyOf(input, stored);
        if (record.FindExchanged(HoldKind.Rejected, key.RefreshToken) is { } otherAccount)
        {
            return RefreshDecision.SignIn(SignInRequiredReason.AccountMismatch, otherAccount);
        }

        if (record.Find(HoldKind.Rejected, key) is { } rejected && rejected.IsRunning(input.Now))
        {
            return RefreshDecision.SignIn(SignInRequiredReason.RefreshTokenRejected, rejected);
        }

        if (FindUnsaved(input, stored) is { } unsaved)
        {
            return RefreshDecision.Wait(unsaved);
        }

        if (FindPause(input, stored, key) is { } pause)
        {
            return RefreshDecision.Wait(pause);
        }

        return record.Attempt is { } attempt && attempt.Key.Matches(key)
            ? AfterUnknownOutcome(input, stored, attempt)
            : RefreshDecision.Refresh;
    }

    // A request for the client's own token uses nothing up, so none waits for what became of an earlier one.
    private static RefreshDecision DecideClientToken(RefreshInput input)
    {
        OAuthCredentials stored = input.Stored ?? OAuthCredentials.None;
        if (stored.RefreshToken is not null)
        {
            return RefreshDecision.UserLogin;
        }

        if (OfAccessToken(input, stored) is { } decision)
        {
            return decision;
        }

        return input.Record.Holds.Length > 0 && FindPause(input, stored, KeyOf(input, stored)) is { } pause
            ? RefreshDecision.Wait(pause)
            : RefreshDecision.Refresh;
    }

    private static Hold? FindPause(RefreshInput input, OAuthCredentials stored, RecordKey key)
    {
        if (input.Record.Find(HoldKind.CoolDown, key) is { } coolDown && coolDown.IsRunning(input.Now))
        {
            return coolDown;
        }

        // A resource that rejects what was just obtained (suspended account, wrong audience) rejects the next one too.
        return input.Reason.RejectedToken == stored.AccessToken
            && input.Record.Find(HoldKind.ResourceRejects, key) is { } resource
            && resource.IsRunning(input.Now)
            && TokenLifetime.IsUsable(
                stored.ExpiresAt,
                RecordJournal.LifetimeOf(stored, input.Record),
                input.Now,
                input.Context.Options.ExpirationSkew)
                ? resource
                : null;
    }

    private static bool IsUsable(RefreshInput input, OAuthCredentials stored)
    {
        // One that cannot stand in a header is as good as none: a new one can be had for the refresh token.
        if (!AccessToken.CanBeSent(stored.AccessToken) || input.Reason.Excludes(stored.AccessToken))
        {
            return false;
        }

        TimeSpan? lifetime = RecordJournal.LifetimeOf(stored, input.Record);
        TokenRefreshOptions options = input.Context.Options;
        return input.Reason.IsBackground
            ? input.Now < TokenLifetime.Of(
                stored.ExpiresAt,
                lifetime,
                input.Now,
                options.RefreshBeforeExpiration,
                options.ExpirationSkew,
                spread: 0).DueAt
            : TokenLifetime.IsUsable(stored.ExpiresAt, lifetime, input.Now, options.ExpirationSkew);
    }

    private static Hold? FindUnsaved(RefreshInput input, OAuthCredentials stored) =>
        FindExchanged(input, stored, HoldKind.Unsaved) is { } unsaved && IsFresh(unsaved, input.Now) ? unsaved : null;

    private static Hold? FindExchanged(RefreshInput input, OAuthCredentials stored, HoldKind kind) =>
        input.Record.Holds.Length == 0 || stored.RefreshToken is null
            ? null
            : input.Record.FindExchanged(kind, Fingerprint.Of(stored.RefreshToken));

    // The process that has the unsaved tokens renews the hold at each try to save them, far more often than it lasts. If the hold was not
    // renewed, the process has ended and its tokens are lost. If it begins in the near future, a clock was set back a little, and it still
    // counts.
    private static bool IsFresh(Hold unsaved, DateTimeOffset now) =>
        unsaved.Until is { } until && (now - unsaved.Since).Duration() < until - unsaved.Since;

    private static RefreshDecision AfterUnknownOutcome(RefreshInput input, OAuthCredentials stored, Attempt attempt)
    {
        TimeSpan age = input.Now - attempt.At;
        if (attempt.Count > 1)
        {
            return age < TimeSpan.Zero || age >= TryAgainAfter
                ? RefreshDecision.Replay
                : RefreshDecision.WaitForOutcome(attempt.At + TryAgainAfter);
        }

        bool isWindowOpen = input.Context.Options.RefreshTokenReuseWindow is { } window && age >= TimeSpan.Zero && age < window;
        bool isAccessTokenUseless = !AccessToken.CanBeSent(stored.AccessToken)
            || stored.AccessToken == input.Reason.RejectedToken
            || (stored.ExpiresAt is { } expiresAt && input.Now >= expiresAt);
        return isWindowOpen || isAccessTokenUseless ? RefreshDecision.Replay : RefreshDecision.WaitForOutcome(stored.ExpiresAt);
    }
}
