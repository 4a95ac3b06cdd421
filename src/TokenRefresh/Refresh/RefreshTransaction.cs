using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>One refresh, from the first look at the store to the release of the lock. Not cancelled by any caller. Used once.</summary>
/// <remarks>
/// <c>docs/architecture.md</c> shows it as a sequence. This file looks and loops; the others wait for the lock, exchange the refresh token,
/// and save.
/// </remarks>
internal sealed partial class RefreshTransaction(RefreshContext context, ProviderState state, RefreshReason reason, CallbackList callbacks)
{
    // For a lock that turned out not to be exclusive: its file was deleted, or an exchange still runs under a deleted one. The pauses grow
    // and are random, so that two processes that collided do not collide again.
    private static readonly TimeSpan FirstRestartPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestRestartPause = TimeSpan.FromMilliseconds(200);

    private readonly ICredentialsStore _store = context.Store;
    private readonly TimeProvider _time = context.TimeProvider;
    private readonly RecordJournal _journal = state.Journal;

    // The lease, and what was read under it. Nothing that was read before the grant is kept here.
    private ICredentialsLease? _lease;
    private LoginRecord _record = LoginRecord.Empty;
    private OAuthCredentials? _stored;

    // Of a provider that only follows: whose successor it waits for, and what is known of it.
    private bool _follows;
    private OAuthCredentials? _awaited;
    private RefreshDecision? _awaitedWhy;

    /// <summary>Gets whether the token is one that this transaction obtained itself.</summary>
    internal bool IsRefreshed { get; private set; }

    /// <summary>Finds or fetches a token that will do.</summary>
    /// <param name="closing">Ends the transaction as long as nothing was sent: the provider is being disposed.</param>
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    internal async Task<TokenSnapshot> RunAsync(CancellationToken closing)
    {
        long start = _time.GetTimestamp();
        TimeSpan pause = FirstRestartPause;
        _follows = context.Follows();
        while (true)
        {
            if (await LookAsync(closing).ConfigureAwait(false) is { } seen)
            {
                return seen;
            }

            if (_follows)
            {
                return await FollowAsync(start, closing).ConfigureAwait(false);
            }

            long granted = start;
            try
            {
                long waiting = _time.GetTimestamp();
                using (new GuardedActivity(TokenRefreshActivities.Start(TokenRefreshActivities.LockWait)))
                {
                    _lease = await _store.AcquireLeaseAsync(TimeSpan.Zero, closing).ConfigureAwait(false);
                    TokenSnapshot? saved = _lease is null ? await WaitAsync(Left(start), closing).ConfigureAwait(false) : null;
                    context.Metrics.LockWaited(_time.GetElapsedTime(waiting));
                    if (saved is not null)
                    {
                        return saved;
                    }
                }

                if (_lease is null)
                {
                    closing.ThrowIfCancellationRequested();
                    LockHolder? holder = await _store.ReadHolderAsync(closing).ConfigureAwait(false);
                    throw context.Errors.LockTimeout(_time.GetElapsedTime(start), holder);
                }

                granted = _time.GetTimestamp();
                if (context.Logger.IsEnabled(LogLevel.Debug))
                {
                    Log.LockAcquired(context.Logger, _lease.LockPath, _time.GetElapsedTime(waiting, granted));
                }

                if (await RefreshAsync(_lease, closing).ConfigureAwait(false) is { } token)
                {
                    return token;
                }
            }
            finally
            {
                if (_lease is { } lease)
                {
                    await ReleaseAsync(lease, granted).ConfigureAwait(false);
                }
            }

            Log.LeaseRestarted(context.Logger, _store.Location);
            if (Left(start) == TimeSpan.Zero)
            {
                throw context.Errors.LockTimeout(_time.GetElapsedTime(start), holder: null);
            }

            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _time, closing).ConfigureAwait(false);
            pause = pause * 2 < LongestRestartPause ? pause * 2 : LongestRestartPause;
        }
    }

    /// <summary>
    /// Uses the stored token if it will do, without leaving the caller's thread. For a store whose reads complete at once.
    /// </summary>
    internal TokenSnapshot? TryUseStoredToken()
    {
        long logins = state.Logins;
        Task<OAuthCredentials?> reading = _store.ReadAsync().AsTask();
        if (!reading.IsCompletedSuccessfully)
        {
            // The file is being written or cannot be read. The refresh that follows will see the same.
            Guarded.Forget(reading);
            return null;
        }

        OAuthCredentials? stored = reading.Result;
        Task<LoginRecord> recorded = _journal.ReadAsync(stored, CancellationToken.None).AsTask();
        if (!recorded.IsCompletedSuccessfully)
        {
            Guarded.Forget(recorded);
            return null;
        }

        OAuthCredentials? tokens = state.WithUnsavedTokens(stored);
        return Decide(tokens, recorded.Result).Action == RefreshAction.Use ? TryUse(tokens!, recorded.Result, logins) : null;
    }

    private async ValueTask ReleaseAsync(ICredentialsLease lease, long granted)
    {
        _lease = null;
        try
        {
            await lease.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _exitDelay?.Dispose();
            _exitDelay = null;
        }

        if (context.Logger.IsEnabled(LogLevel.Debug))
        {
            Log.LockReleased(context.Logger, lease.LockPath, _time.GetElapsedTime(granted));
        }
    }

    // Decides without the lock: publishes and returns a stored token that will do, and throws a failure that is known already. Null if the
    // lock is needed, under which everything is read and decided again, or another program.
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<TokenSnapshot?> LookAsync(CancellationToken closing)
    {
        while (true)
        {
            long logins = state.Logins;
            OAuthCredentials? stored = await _store.ReadAsync(closing).ConfigureAwait(false);
            LoginRecord record = await _journal.ReadAsync(stored, closing).ConfigureAwait(false);
            OAuthCredentials? tokens = state.WithUnsavedTokens(stored);
            RefreshDecision decision = Decide(tokens, record);
            if (decision.Action == RefreshAction.Use)
            {
                if (TryUse(tokens!, record, logins) is { } snapshot)
                {
                    return snapshot;
                }

                continue; // A sign-in or sign-out of this provider came between read and publication.
            }

            ServeUntilReplaced(decision, tokens, record, logins);
            if (MustWait(decision))
            {
                (_awaited, _awaitedWhy) = (tokens, decision);
                return null;
            }

            throw context.Errors.Of(decision, record);
        }
    }

    private bool MustWait(RefreshDecision decision) => decision.Action switch
    {
        RefreshAction.Refresh or RefreshAction.Replay or RefreshAction.AwaitOwner => true,

        // Without the lock, a refresh that another process is making now looks the same.
        RefreshAction.WaitForOutcome => true,

        // An older file is overwritten by the newer tokens, if this process has them.
        RefreshAction.SignIn when decision.SignInReason == SignInRequiredReason.RolledBack => true,

        // Unsaved tokens of a login that is gone are discarded under the lock.
        RefreshAction.SignIn => state.Unsaved is not null && decision.IsLoginGone,
        _ => false,
    };

    private RefreshDecision Decide(OAuthCredentials? tokens, LoginRecord record)
    {
        RefreshInput input = state.InputOf(context, tokens, record, reason);
        input.Follows = _follows;
        input.IsBeforeLock = _lease is null && !_follows;
        return RefreshRules.Decide(input);
    }

    // Publishes stored tokens. Null if a sign-in or sign-out of this provider came after the read: read again.
    private TokenSnapshot? TryUse(OAuthCredentials tokens, LoginRecord record, long logins)
    {
        TokenSnapshot? former = state.Snapshot;
        if (former is not null && former.Credentials.HasSameTokens(tokens) && IsSameMoment(former.Credentials.ExpiresAt, tokens.ExpiresAt))
        {
            return former;
        }

        TimeSpan? lifetime = RecordJournal.LifetimeOf(tokens, record);
        var snapshot = TokenSnapshot.Create(context, tokens, lifetime, AccountIdentity.Of(tokens, former));
        if (!state.TryPublish(snapshot, logins))
        {
            return null;
        }

        Log.Adopted(context.Logger, _store.Location, Log.Time(tokens.ExpiresAt));
        if (former is not null)
        {
            callbacks.Adopted(new TokensAdoptedEvent(_store.Location, tokens.ExpiresAt));
        }

        return snapshot;
    }

    // Publishes a stored token that is within the skew. A caller that waits gets it only if the refresh fails.
    private void ServeUntilReplaced(RefreshDecision decision, OAuthCredentials? tokens, LoginRecord record, long logins)
    {
        if (decision.IsServable
            && tokens is { ExpiresAt: { } expiresAt }
            && _time.GetUtcNow() < expiresAt
            && !reason.Excludes(tokens.AccessToken)
            && AccessToken.CanBeSent(tokens.AccessToken))
        {
            TryUse(tokens, record, logins);
        }
    }

    private TimeSpan Left(long start)
    {
        TimeSpan left = context.Options.LockTimeout - _time.GetElapsedTime(start);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    // The file holds whole milliseconds or seconds, so a time may be up to a second less after it was stored and read.
    private static bool IsSameMoment(DateTimeOffset? one, DateTimeOffset? other) =>
        one == other || (one - other)?.Duration() <= TimeSpan.FromSeconds(1);
}
