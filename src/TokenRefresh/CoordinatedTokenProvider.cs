using System.Diagnostics;
using System.Runtime.CompilerServices;
using TokenRefresh.Diagnostics;
using TokenRefresh.Provider;
using TokenRefresh.Refresh;

namespace TokenRefresh;

/// <summary>
/// Provides the access token of one login that many threads and processes share; each expiry costs one token request over all of them.
/// </summary>
/// <remarks>
/// Safe for concurrent use; make one per login and keep it. Any number of them, in any number of processes, may share one credentials file.
/// Disposal waits for a token request that is under way and for its save.
/// </remarks>
/// <example>
/// <code>
/// await using var tokens = CoordinatedTokenProvider.Create(options =>
/// {
///     options.CredentialsPath = "~/.my-cli/.credentials.json";
///     options.TokenEndpoint = new Uri("https://auth.example.com/token");
///     options.ClientId = "my-cli";
/// });
///
/// AccessToken token = await tokens.GetAccessTokenAsync();
/// request.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
/// </code>
/// </example>
public sealed partial class CoordinatedTokenProvider : ITokenProvider, IAsyncDisposable, IDisposable
{
    private readonly ProviderParts _parts;
    private readonly RefreshContext _context;
    private readonly ProviderState _state;
    private readonly SharedRefresh _refresh;
    private readonly BackgroundRefresh _background;
    private readonly bool _isSystemClock;
    private readonly CancellationTokenSource _shutdownSource = new();
    private readonly CancellationToken _shutdown;
    private readonly object _lock = new();
    private Task? _disposal;
    private TaskCompletionSource? _signInsEnded;
    private SharedSignIn? _sharedSignIn;
    private int _signIns;
    private int _hasLooked;

    private CoordinatedTokenProvider(ProviderParts parts)
    {
        _parts = parts;
        _context = parts.Context;
        _shutdown = _shutdownSource.Token;
        _isSystemClock = ReferenceEquals(_context.TimeProvider, TimeProvider.System);
        _state = new ProviderState(_context.Store, _context.TimeProvider);
        _background = new BackgroundRefresh(_context, _state);
        _refresh = new SharedRefresh(RefreshAsync);
    }

    /// <inheritdoc/>
    string ITokenProvider.HeaderName => _context.Options.HeaderName;

    /// <summary>Gets whether a refresh runs, or its tokens still have to be saved.</summary>
    internal bool IsBusy => _refresh.IsRunning || _state.Unsaved is not null || !_background.IsIdle;

    private long Tick =>
        _isSystemClock ? Environment.TickCount64 : _context.TimeProvider.GetTimestamp() / (_context.TimeProvider.TimestampFrequency / 1000);

    private bool IsDisposed => Volatile.Read(ref _disposal) is not null;

    /// <summary>Creates a provider.</summary>
    /// <param name="configure">Sets the options; they are validated here.</param>
    /// <param name="services">What to use instead of the defaults.</param>
    /// <returns>The provider; dispose it.</returns>
    /// <exception cref="TokenRefreshConfigurationException">An option is missing, out of range, or contradicts another.</exception>
    public static CoordinatedTokenProvider Create(Action<TokenRefreshOptions> configure, CoordinatedTokenProviderServices? services = null)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new TokenRefreshOptions();
        configure(options);
        return Create(options, services ?? new CoordinatedTokenProviderServices(), tokenEndpointInvoker: null, name: null);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// While a valid token is cached this takes a few nanoseconds, no lock, no I/O and no allocation.
    /// A token that is due is served while one background refresh fetches the next.
    /// </remarks>
    public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default)
    {
        TokenSnapshot? snapshot = _state.Snapshot;
        return snapshot is not null && snapshot.IsFresh(Tick) ? new(snapshot.Token) : GetCheckedAsync(snapshot, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        ThrowIfDisposed();

        // The rejected token decides: a late 401 for the last one is no reason to replace this one.
        TokenSnapshot? snapshot = _state.Snapshot;
        return snapshot is not null
            && snapshot.Token.Value != rejected.Value
            && _context.TimeProvider.GetUtcNow() < snapshot.Lifetime.UsableUntil
            ? new(snapshot.Token)
            : ReplaceAsync(rejected, cancellationToken);
    }

    /// <summary>Replaces an access token ahead of its expiry, as the background refresh does, but when the caller says so.</summary>
    /// <remarks>
    /// Unlike <see cref="RefreshAccessTokenAsync"/> it does not count the token as rejected. If another usable token is stored by now, that
    /// one is used and nothing is sent. Several processes may call it at once; one of them refreshes. The user is never asked to sign in.
    /// </remarks>
    /// <param name="due">The token to be replaced, as <see cref="GetAccessTokenAsync"/> returned it.</param>
    /// <param name="cancellationToken">Ends this caller's wait only; a refresh that has begun goes on.</param>
    /// <returns>The next token; or the present one, if it could not be replaced and is valid still, and in the pause after that: from 1
    /// second to 1 minute, or until the token endpoint may be asked again.</returns>
    /// <exception cref="TokenRefreshException">No token can be had; its type says why and what helps.</exception>
    /// <exception cref="OperationCanceledException">The caller's own token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The provider was disposed.</exception>
    public ValueTask<AccessToken> RenewAccessTokenAsync(AccessToken due, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(due);
        ThrowIfDisposed();
        return _background.MayStart()
            ? JoinRefreshAsync(new RefreshReason(null, due.Value), cancellationToken, mayAskUser: false)
            : new(due);
    }

    /// <summary>
    /// Creates a provider whose invoker is asked for anew for each exchange, and whose name stands in metrics and traces.
    /// </summary>
    internal static CoordinatedTokenProvider Create(
        TokenRefreshOptions options,
        CoordinatedTokenProviderServices services,
        Func<HttpMessageInvoker>? tokenEndpointInvoker,
        string? name)
    {
        TokenRefreshOptions snapshot = options.Snapshot();
        OptionsCheck.ThrowIfInvalid(snapshot, services);
        return new CoordinatedTokenProvider(new ProviderParts(snapshot, services, tokenEndpointInvoker, name));
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    // Called once a second while the cached token is valid, and whenever none is cached or the cached one is due.
    private ValueTask<AccessToken> GetCheckedAsync(TokenSnapshot? snapshot, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        if (snapshot is null)
        {
            return LookOnce() is { } stored ? new(stored.Token) : JoinRefreshAsync(RefreshReason.TokenNeeded, cancellationToken);
        }

        DateTimeOffset now = _context.TimeProvider.GetUtcNow();
        if (now < snapshot.Lifetime.DueAt)
        {
            snapshot.ExtendFreshness(Tick, snapshot.Lifetime.DueAt - now);

            // A disposal that began after the check above may have invalidated the snapshot before the write above made it fresh again.
            // With the barrier, either its call of Invalidate comes after our write, or we see the disposal here.
            Interlocked.MemoryBarrier();
            if (IsDisposed)
            {
                snapshot.Invalidate();
            }

            return new(snapshot.Token);
        }

        if (now < snapshot.Lifetime.UsableUntil)
        {
            if (_background.MayStart())
            {
                _refresh.StartIfIdle(new RefreshReason(null, snapshot.Token.Value), _background.MayStart);
            }

            return new(snapshot.Token);
        }

        return JoinRefreshAsync(RefreshReason.TokenNeeded, cancellationToken);
    }

    // Reads the store on the caller's own thread, once per provider: if it holds a valid token, no refresh is started.
    private TokenSnapshot? LookOnce()
    {
        if (!_parts.ReadsAtOnce || Interlocked.Exchange(ref _hasLooked, 1) != 0)
        {
            return null;
        }

        try
        {
            var callbacks = new CallbackList(_context.Options.Events);
            var transaction = new RefreshTransaction(_context, _state, RefreshReason.TokenNeeded, callbacks);
            if (transaction.TryUseStoredToken() is { } snapshot)
            {
                _background.AfterSuccess(snapshot);
                return snapshot;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The refresh that follows meets the same, and reports it.
        }

        return null;
    }

    private ValueTask<AccessToken> JoinRefreshAsync(
        RefreshReason reason, CancellationToken cancellationToken, bool mayAskUser = true)
    {
        Task<AccessToken> result = _refresh.JoinOrStart(reason, out bool isLeader);
        if (!isLeader)
        {
            _context.Metrics.CallerJoined();
        }

        ValueTask<AccessToken> token = new(cancellationToken.CanBeCanceled ? result.WaitAsync(cancellationToken) : result);
        return _context.Options.SignIn is null || !mayAskUser ? token : SignInIfRequiredAsync(token, reason, cancellationToken);
    }

    private async ValueTask<AccessToken> ReplaceAsync(AccessToken rejected, CancellationToken cancellationToken)
    {
        while (true)
        {
            AccessToken answer = await JoinRefreshAsync(new RefreshReason(rejected.Value, null), cancellationToken).ConfigureAwait(false);

            // The refresh that this caller joined was begun for another one, and may end with the very token that this caller's resource
            // has rejected. Then it needs a refresh of its own.
            if (answer.Value != rejected.Value)
            {
                return answer;
            }
        }
    }

    // Ends by giving the callers their token or their failure, whatever throws on the way. Returns whether it was a token.
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<bool> RefreshAsync(RefreshReason reason, ActivityContext caller)
    {
        AccessToken? token = null;
        Exception? failure = null;
        var callbacks = new CallbackList(_context.Options.Events);
        try
        {
            Activity? activity = TokenRefreshActivities.StartRefresh(_context.Name, reason.IsBackground, caller);
            using var end = new GuardedActivity(activity);
            long start = _context.TimeProvider.GetTimestamp();
            long logins = _state.Logins;
            var transaction = new RefreshTransaction(_context, _state, reason, callbacks);
            string outcome;
            try
            {
                TokenSnapshot snapshot = await transaction.RunAsync(_shutdown).ConfigureAwait(false);
                token = snapshot.Token;
                outcome = transaction.IsRefreshed ? RefreshOutcome.Refreshed : RefreshOutcome.Adopted;
                _background.AfterSuccess(snapshot);
            }
            catch (OperationCanceledException e) when (_shutdown.IsCancellationRequested)
            {
                // It ended before it sent anything, because this provider is being disposed.
                failure = new ObjectDisposedException("The token provider was disposed while its token was awaited.", e);
                outcome = RefreshOutcome.Failed;
            }
            catch (Exception e)
            {
                failure = e;
                outcome = OutcomeOf(e);
                activity.SetFailure(e);
                AfterFailure(e, reason, logins, callbacks);
                token = TryServeUnexpiredToken(e, reason);
            }

            activity.SetOutcome(outcome);
            _context.Metrics.RefreshCompleted(outcome, _context.TimeProvider.GetElapsedTime(start));
        }
        catch (Exception e)
        {
            // A TimeProvider of the program's own, for one.
            failure ??= e;
        }

        _refresh.Complete(token, failure);

        // Only now: a callback that asks for a token, or who reads of the failure in a log, must start the next refresh, not join this one.
        callbacks.MoveTo(_context.Callbacks);
        if (reason.IsBackground && failure is not null)
        {
            _background.LogFailure(failure);
        }

        _background.SaveLaterIfNeeded();
        return failure is null;
    }

    private static string OutcomeOf(Exception failure) => failure switch
    {
        SignInRequiredException => RefreshOutcome.Rejected,
        RefreshOutcomeUnknownException => RefreshOutcome.Unknown,
        _ => RefreshOutcome.Failed,
    };

    private void AfterFailure(Exception failure, RefreshReason reason, long logins, CallbackList callbacks)
    {
        if (reason.IsBackground)
        {
            _background.AfterFailure(failure);
        }

        if (failure is SignInRequiredException signIn)
        {
            _background.AfterSignInRequired(signIn, callbacks);
            if (signIn.Reason is SignInRequiredReason.NothingStored or SignInRequiredReason.SignedOut)
            {
                _state.EndLogin(logins);
            }
        }
    }

    // A token within the skew has not expired yet, so it is served in place of a failure. After a sign-out there is no snapshot.
    private AccessToken? TryServeUnexpiredToken(Exception failure, RefreshReason reason)
    {
        if (failure is not TokenRefreshException
            || _state.Snapshot is not { } snapshot
            || snapshot.Token.Value == reason.RejectedToken
            || _context.TimeProvider.GetUtcNow() >= snapshot.Lifetime.ExpiresAt)
        {
            return null;
        }

        if (!reason.IsBackground)
        {
            Log.ServedDespiteFailure(_context.Logger, _context.Store.Location, Log.Time(snapshot.Credentials.ExpiresAt), failure);
        }

        return snapshot.Token;
    }
}
