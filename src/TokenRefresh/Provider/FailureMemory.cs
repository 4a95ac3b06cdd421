using TokenRefresh.Diagnostics;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>Spaces the background flights of one provider after failures, and tells of a login that needs its user once, not once per call.</summary>
internal sealed class FailureMemory(RefreshContext services)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RefreshTokenWarning = TimeSpan.FromDays(1);

    private readonly object _lock = new();
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;
    private DateTimeOffset _pausedAt = DateTimeOffset.MinValue;
    private TimeSpan _pause = ShortestPause;
    private SignInRequiredReason? _told;
    private DateTimeOffset? _warnedOf;

    /// <summary>Forgets what concerned the former login.</summary>
    internal void Reset()
    {
        lock (_lock)
        {
            _notBefore = DateTimeOffset.MinValue;
            _pause = ShortestPause;
            _told = null;
            _warnedOf = null;
        }
    }

    internal bool MayTryInBackground(DateTimeOffset now)
    {
        lock (_lock)
        {
            // A clock that was set back ends the pause too.
            return now >= _notBefore || now < _pausedAt;
        }
    }

    /// <summary>Sets the pause before the next background flight.</summary>
    internal void AfterBackgroundFailure(Exception failure)
    {
        lock (_lock)
        {
            _pausedAt = services.TimeProvider.GetUtcNow();
            _notBefore = _pausedAt + (_pause * (1 + (Random.Shared.NextDouble() / 4)));
            if (failure is TokenEndpointUnavailableException { RetryAt: { } retryAt } && retryAt > _notBefore)
            {
                _notBefore = retryAt;
            }

            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }

    /// <summary>Tells of a failed background flight, which nobody waited for.</summary>
    internal void TellOfBackgroundFailure(Exception failure, DateTimeOffset? servedUntil)
    {
        if (failure is not (OperationCanceledException or SignInRequiredException))
        {
            Log.BackgroundRefreshFailed(services.Logger, services.Store.Location, servedUntil, failure);
        }
    }

    internal void AfterSuccess(TokenSnapshot snapshot)
    {
        bool isExpiring;
        lock (_lock)
        {
            _told = null;
            _pause = ShortestPause;
            _notBefore = DateTimeOffset.MinValue;
            isExpiring = snapshot.Credentials.RefreshTokenExpiresAt is { } at && at != _warnedOf && at - services.TimeProvider.GetUtcNow() < RefreshTokenWarning;
            if (isExpiring)
            {
                _warnedOf = snapshot.Credentials.RefreshTokenExpiresAt;
            }
        }

        if (isExpiring)
        {
            Log.RefreshTokenExpiring(services.Logger, services.Store.Location, snapshot.Credentials.RefreshTokenExpiresAt!.Value);
        }
    }

    internal void AfterSignInRequired(SignInRequiredException failure, CallbackQueue events)
    {
        lock (_lock)
        {
            if (_told == failure.Reason)
            {
                return;
            }

            _told = failure.Reason;
        }

        Log.SignInRequired(services.Logger, services.Store.Location, failure.Reason);
        events.SignInRequired(new SignInRequiredEvent(services.Store.Location, failure.Reason));
    }
}
