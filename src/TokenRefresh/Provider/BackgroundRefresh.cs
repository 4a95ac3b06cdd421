using TokenRefresh.Diagnostics;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>
/// The one schedule of what runs without a caller: refreshes ahead of the expiry, and saves of tokens that could not be saved.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class BackgroundRefresh(RefreshContext context, ProviderState state) : IDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    // Well below the time for which the other processes wait for unsaved tokens.
    private static readonly TimeSpan LongestSavePause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RefreshTokenWarning = TimeSpan.FromDays(1);

    private readonly object _lock = new();
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;
    private DateTimeOffset _pausedAt = DateTimeOffset.MinValue;
    private TimeSpan _pause = ShortestPause;
    private DateTimeOffset? _warnedOf;
    private SignInRequiredReason? _reportedReason;
    private ITimer? _saveTimer;
    private TimeSpan _savePause = ShortestPause;
    private Task _saving = Task.CompletedTask;
    private bool _isClosed;

    /// <summary>Gets whether no save is planned or running.</summary>
    internal bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _saveTimer is null && _saving.IsCompleted;
            }
        }
    }

    /// <summary>Whether a refresh ahead of the expiry may start now.</summary>
    internal bool MayStart()
    {
        DateTimeOffset now = context.TimeProvider.GetUtcNow();
        lock (_lock)
        {
            // A clock that was set back ends the pause too.
            if (now < _notBefore && now >= _pausedAt)
            {
                return false;
            }
        }

        // One that only follows looks when its token has expired: by then the program that refreshes has saved the next one.
        return !context.Follows();
    }

    /// <summary>Forgets what concerned the former login.</summary>
    internal void Reset()
    {
        lock (_lock)
        {
            _notBefore = DateTimeOffset.MinValue;
            _pause = ShortestPause;
            _warnedOf = null;
            _reportedReason = null;
        }
    }

    /// <summary>Ends the pause, and warns once of a refresh token that expires soon.</summary>
    internal void AfterSuccess(TokenSnapshot snapshot)
    {
        DateTimeOffset? expiresAt = snapshot.Credentials.RefreshTokenExpiresAt;
        lock (_lock)
        {
            _notBefore = DateTimeOffset.MinValue;
            _pause = ShortestPause;
            _reportedReason = null;
            if (expiresAt is null || expiresAt == _warnedOf || expiresAt - context.TimeProvider.GetUtcNow() >= RefreshTokenWarning)
            {
                return;
            }

            _warnedOf = expiresAt;
        }

        Log.RefreshTokenExpiring(context.Logger, context.Store.Location, expiresAt.Value);
    }

    /// <summary>Sets the pause before the next refresh ahead of the expiry.</summary>
    internal void AfterFailure(Exception failure)
    {
        lock (_lock)
        {
            _pausedAt = context.TimeProvider.GetUtcNow();
            _notBefore = _pausedAt + (_pause * (1 + (Random.Shared.NextDouble() / 4)));
            if (failure is TokenEndpointUnavailableException { RetryAt: { } retryAt } && retryAt > _notBefore)
            {
                _notBefore = retryAt;
            }

            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }

    /// <summary>Tells of a login that needs its user: once, not once per call.</summary>
    internal void AfterSignInRequired(SignInRequiredException failure, CallbackList callbacks)
    {
        lock (_lock)
        {
            if (_reportedReason == failure.Reason)
            {
                return;
            }

            _reportedReason = failure.Reason;
        }

        Log.SignInRequired(context.Logger, context.Store.Location, failure.Reason);
        callbacks.SignInRequired(new SignInRequiredEvent(context.Store.Location, failure.Reason));
    }

    /// <summary>Logs a failed refresh that no caller waited for.</summary>
    internal void LogFailure(Exception failure)
    {
        if (failure is not (OperationCanceledException or ObjectDisposedException or SignInRequiredException))
        {
            Log.BackgroundRefreshFailed(context.Logger, context.Store.Location, Log.Time(state.Snapshot?.Credentials.ExpiresAt), failure);
        }
    }

    /// <summary>Plans the next try to save tokens that could not be saved, if there are any and none is planned.</summary>
    internal void SaveLaterIfNeeded()
    {
        lock (_lock)
        {
            if (_isClosed || _saveTimer is not null)
            {
                return;
            }

            if (state.Unsaved is null)
            {
                _savePause = ShortestPause;
                return;
            }

            _saveTimer = context.TimeProvider.CreateTimer(
                static self => ((BackgroundRefresh)self!).Save(),
                this,
                _savePause,
                Timeout.InfiniteTimeSpan);
            _savePause = _savePause * 2 < LongestSavePause ? _savePause * 2 : LongestSavePause;
        }
    }

    /// <summary>Plans nothing further, and makes a last try to save.</summary>
    internal async Task CloseAsync()
    {
        Task saving;
        lock (_lock)
        {
            _isClosed = true;
            saving = _saving;
        }

        Dispose();
        await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (state.Unsaved is not null)
        {
            await SaveAsync().ConfigureAwait(false);
        }
    }

    private void Save()
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                _saving = Task.Run(SaveAndPlanAsync);
            }
        }
    }

    private async Task SaveAndPlanAsync()
    {
        await SaveAsync().ConfigureAwait(false);
        Dispose();
        SaveLaterIfNeeded();
    }

    private async Task SaveAsync()
    {
        var callbacks = new CallbackList(context.Options.Events);
        await new RefreshTransaction(context, state, RefreshReason.TokenNeeded, callbacks).SaveUnsavedAsync().ConfigureAwait(false);
        callbacks.MoveTo(context.Callbacks);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _saveTimer?.Dispose();
            _saveTimer = null;
        }
    }
}
