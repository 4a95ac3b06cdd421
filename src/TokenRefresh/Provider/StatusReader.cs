using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>Tells the state of a login from reads alone.</summary>
internal sealed class StatusReader(RefreshContext context, ProviderState state)
{
    internal async ValueTask<TokenRefreshStatus> ReadAsync(CancellationToken cancellationToken)
    {
        ICredentialsStore store = context.Store;
        OAuthCredentials? stored;
        try
        {
            stored = await store.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CredentialsFileException e)
        {
            return new()
            {
                State = TokenRefreshState.Unreadable,
                Location = store.Location,
                ReadAt = context.TimeProvider.GetUtcNow(),
                Problem = e.Message,
            };
        }

        LoginRecord record = LoginRecord.Empty;
        string? problem = null;
        try
        {
            record = await state.Journal.ReadAsync(stored, cancellationToken).ConfigureAwait(false);
        }
        catch (LockUnavailableException e)
        {
            problem = e.Message;
        }

        LockHolder? holder = await store.ReadHolderAsync(cancellationToken).ConfigureAwait(false);
        OAuthCredentials? tokens = state.WithUnsavedTokens(stored);
        RefreshInput input = state.InputOf(context, tokens, record, RefreshReason.TokenNeeded);
        input.Follows = context.Follows();
        RefreshDecision decision = RefreshRules.Decide(input);
        TokenRefreshState found = StateOf(decision, holder);
        return new()
        {
            State = found,
            Location = store.Location,
            IsFollowing = input.Follows,
            ReadAt = input.Now,
            AccessTokenExpiresAt = tokens?.ExpiresAt,
            RefreshTokenExpiresAt = tokens?.RefreshTokenExpiresAt,
            DPoPKeyThumbprint = tokens?.Key?.Thumbprint,
            LockHolder = holder,
            LastRefreshAt = tokens is null || record.Obtained.Length == 0 ? null : record.ObtainedAt(Fingerprint.Of(tokens.AccessToken)),
            RetryAt = found is TokenRefreshState.CoolingDown or TokenRefreshState.OutcomeUnknown ? decision.Until : null,
            Problem = problem ?? ProblemOf(found, decision, record, holder),
        };
    }

    private static TokenRefreshState StateOf(RefreshDecision decision, LockHolder? holder) => decision.Action switch
    {
        RefreshAction.Use => TokenRefreshState.SignedIn,
        RefreshAction.SignIn when decision.SignInReason is SignInRequiredReason.NothingStored or SignInRequiredReason.SignedOut =>
            TokenRefreshState.SignedOut,
        RefreshAction.SignIn => TokenRefreshState.SignInRequired,
        RefreshAction.NotRefreshable or RefreshAction.BoundToKey or RefreshAction.UserLogin or RefreshAction.Update =>
            TokenRefreshState.ExpiredNotRefreshable,
        RefreshAction.Wait or RefreshAction.AwaitOwner when decision.Hold is { Kind: not HoldKind.ResourceRejects } =>
            TokenRefreshState.CoolingDown,
        RefreshAction.AwaitOwner => TokenRefreshState.AwaitingOwner,

        // While the lock is held, the attempt is still under way.
        RefreshAction.WaitForOutcome or RefreshAction.Replay when holder is null => TokenRefreshState.OutcomeUnknown,
        _ => TokenRefreshState.ExpiredButRefreshable,
    };

    // A file that has members, but none of a login: maybe it is read in the wrong format.
    private bool HoldsSomethingElse(RefreshDecision decision) =>
        decision.SignInReason == SignInRequiredReason.NothingStored
        && (context.Store as IStoreReport)?.DescribeMissingLogin() is not null;

    private string? ProblemOf(TokenRefreshState found, RefreshDecision decision, LoginRecord record, LockHolder? holder)
    {
        if (state.Unsaved is not null)
        {
            return $"The present tokens could not be saved to '{context.Store.Location}' yet and are kept in the memory of this process.";
        }

        if (decision.Action == RefreshAction.AwaitOwner)
        {
            return context.Errors.AwaitingOwner(decision, wait: null, holder).Message;
        }

        return found is TokenRefreshState.SignInRequired or TokenRefreshState.ExpiredNotRefreshable or TokenRefreshState.CoolingDown
            || (found == TokenRefreshState.SignedOut && HoldsSomethingElse(decision))
            || (found == TokenRefreshState.OutcomeUnknown && decision.Action == RefreshAction.WaitForOutcome)
                ? context.Errors.Of(decision, record).Message
                : null;
    }
}
