using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>Tells the state of a login from reads alone.</summary>
internal sealed class StatusReader(RefreshContext services, ProviderState memory)
{
    internal async ValueTask<TokenRefreshStatus> ReadAsync(CancellationToken cancellationToken)
    {
        OAuthCredentials? stored;
        try
        {
            stored = memory.Effective(await services.Store.ReadAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (CredentialsFileException e)
        {
            return new() { State = TokenRefreshState.Unreadable, Location = services.Store.Location, Problem = e.Message };
        }

        CoordinationRecord record = CoordinationRecord.Empty;
        string? problem = null;
        try
        {
            record = await memory.GlanceAsync(services.Store, cancellationToken).ConfigureAwait(false);
        }
        catch (LockUnavailableException e)
        {
            problem = e.Message;
        }

        LockHolder? holder = await services.Store.ReadHolderAsync(cancellationToken).ConfigureAwait(false);
        RefreshDecision decision = new RefreshPolicy(services, memory, default).Decide(stored, record);
        TokenRefreshState state = StateOf(decision.Kind, holder);
        return new()
        {
            State = state,
            Location = services.Store.Location,
            AccessTokenExpiresAt = stored?.ExpiresAt,
            RefreshTokenExpiresAt = stored?.RefreshTokenExpiresAt,
            LockHolder = holder,
            LastRefreshAt = stored is not null && record.Obtained is { } obtained && obtained.AccessToken == Fingerprint.Of(stored.AccessToken) ? obtained.At : null,
            RetryAt = state is TokenRefreshState.CoolingDown or TokenRefreshState.OutcomeUnknown ? decision.Until : null,
            Problem = problem ?? ProblemOf(state, decision, record),
        };
    }

    private static TokenRefreshState StateOf(RefreshAction step, LockHolder? holder) => step switch
    {
        RefreshAction.Adopt => TokenRefreshState.SignedIn,
        RefreshAction.NothingStored or RefreshAction.SignedOut => TokenRefreshState.SignedOut,
        RefreshAction.NotRefreshable => TokenRefreshState.ExpiredNotRefreshable,
        RefreshAction.Dead or RefreshAction.RolledBack or RefreshAction.OtherAccount => TokenRefreshState.SignInRequired,
        RefreshAction.CoolDown or RefreshAction.PendingElsewhere => TokenRefreshState.CoolingDown,

        // While somebody holds the lock, the attempt is in flight.
        RefreshAction.Deferred or RefreshAction.Replay when holder is null => TokenRefreshState.OutcomeUnknown,
        _ => TokenRefreshState.ExpiredButRefreshable,
    };

    private string? ProblemOf(TokenRefreshState state, RefreshDecision decision, CoordinationRecord record)
    {
        if (memory.Pending is not null)
        {
            return $"The present tokens could not be saved to '{services.Store.Location}' yet and are kept in the memory of this process.";
        }

        return state is TokenRefreshState.SignInRequired or TokenRefreshState.ExpiredNotRefreshable or TokenRefreshState.CoolingDown
            || (state == TokenRefreshState.OutcomeUnknown && decision.Kind == RefreshAction.Deferred)
                ? new RefreshPolicy(services, memory, default).Refusal(decision, record).Message
                : null;
    }
}
