using TokenRefresh.Diagnostics;
using TokenRefresh.Record;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>One sign-in: waits for its turn among all processes, asks the program's delegate unless a login came meanwhile that will do for
/// the reason, and stores what it returns. Used once.</summary>
internal sealed class CoordinatedSignIn(RefreshContext context, ProviderState state, SignInOperation operation, RefreshReason reason)
{
    // A login that works, and that the user wants to replace.
    private OAuthCredentials? _former;

    private ICredentialsStore Store => context.Store;

    /// <summary>Runs it; if the user requested it, also where the stored login works.</summary>
    /// <returns>Whether the delegate was asked; otherwise a login of others will do.</returns>
    internal async Task<bool> RunAsync(
        Func<CancellationToken, Task<OAuthCredentials>> signIn, bool isRequested, CancellationToken cancellationToken)
    {
        _former = isRequested ? await FindLoginAsync(cancellationToken).ConfigureAwait(false) : null;
        (bool isOver, IAsyncDisposable? turn) = await WaitForTurnAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (isOver || await FindLoginAsync(cancellationToken).ConfigureAwait(false) is not null)
            {
                return false;
            }

            // Before the user is asked: a login that could not be stored would be lost with this process.
            await operation.CheckAsync(cancellationToken).ConfigureAwait(false);
            if (await AskAsync(signIn, cancellationToken).ConfigureAwait(false) is not { } credentials)
            {
                return false;
            }

            // Not cancelled any more, so that the user need not sign in again.
            await operation.StoreAsync(credentials, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        finally
        {
            if (turn is not null)
            {
                await turn.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    // It is over if a login came first. A store may have no such right.
    private async Task<(bool IsOver, IAsyncDisposable? Turn)> WaitForTurnAsync(CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<IAsyncDisposable?> waiting = Store.AcquireSignInLeaseAsync(done.Token).AsTask();
        var isOver = true;
        try
        {
            isOver = await LoginComesBeforeAsync(waiting, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (isOver)
            {
                done.Cancel();
                await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (waiting.IsCompletedSuccessfully && waiting.Result is { } late)
                {
                    await late.DisposeAsync().ConfigureAwait(false);
                }
            }
        }

        return isOver ? (true, null) : (false, await waiting.ConfigureAwait(false));
    }

    // Null if a login came first.
    private async Task<OAuthCredentials?> AskAsync(
        Func<CancellationToken, Task<OAuthCredentials>> signIn, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // On another thread: a delegate that blocks must not keep this one from seeing a login of others.
        Task<OAuthCredentials> asking = Task.Run(() => signIn(ended.Token), CancellationToken.None);
        try
        {
            if (!await LoginComesBeforeAsync(asking, cancellationToken).ConfigureAwait(false))
            {
                return Checked(await asking.ConfigureAwait(false));
            }

            await ended.CancelAsync().ConfigureAwait(false);
            return null;
        }
        finally
        {
            // Do not wait for a delegate that does not heed its token.
            Guarded.Forget(asking);
        }
    }

    private async Task<bool> LoginComesBeforeAsync(Task task, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                // Armed before the look, so that a login between the two is not missed.
                Task change = Store.WaitForChangeAsync(done.Token);

                // While a login works that is to be replaced, a change may be its refresh by a program that tells nothing of it.
                if (_former is null && await FindLoginAsync(cancellationToken).ConfigureAwait(false) is not null)
                {
                    return true;
                }

                if (await Task.WhenAny(task, change).ConfigureAwait(false) == task)
                {
                    return false;
                }

                await change.ConfigureAwait(false);
            }
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
        }
    }

    // Finds a stored login that will do: one that has or can get a token, and is not the one to be replaced.
    private async ValueTask<OAuthCredentials?> FindLoginAsync(CancellationToken cancellationToken)
    {
        try
        {
            OAuthCredentials? stored = await Store.ReadAsync(cancellationToken).ConfigureAwait(false);
            LoginRecord record = await state.Journal.ReadAsync(stored, cancellationToken).ConfigureAwait(false);
            RefreshDecision decision = RefreshRules.Decide(state.InputOf(context, state.WithUnsavedTokens(stored), record, reason));
            return decision.Action is RefreshAction.SignIn or RefreshAction.NotRefreshable
                || (_former is not null && operation.IsSameOrSuccessor(_former, stored!, record))
                    ? null
                    : stored;
        }
        catch (TokenRefreshException)
        {
            // A file that cannot be read holds no login that could be used. The save reports it, or moves it aside.
            return null;
        }
    }

    private static OAuthCredentials Checked(OAuthCredentials? credentials)
    {
        if (credentials is null || !AccessToken.CanBeSent(credentials.AccessToken))
        {
            throw new TokenRefreshConfigurationException(
                "The sign-in returned no login, or one whose access token no HTTP header may carry. Nothing was stored. "
                + "Correct the delegate that was given as 'SignIn' or to 'SignInAsync'.");
        }

        SignInOperation.ThrowIfKeyIsMissing(credentials);
        return credentials;
    }
}
