using TokenRefresh.Diagnostics;
using TokenRefresh.Provider;
using TokenRefresh.Refresh;

namespace TokenRefresh;

/// <summary>Provides the access token of one login that many threads and processes share; each expiry costs one token request over all of them.</summary>
/// <remarks>
/// Safe for concurrent use; make one per login and keep it. Any number of them, in any number of processes, may share one credentials file.
/// Disposal waits for an exchange in flight and for its save.
/// </remarks>
public sealed partial class CoordinatedTokenProvider : ITokenProvider, IAsyncDisposable, IDisposable
{
    private static readonly TimeSpan PatienceForCallbacks = TimeSpan.FromSeconds(1);

    private readonly RefreshContext _services;
    private readonly ProviderState _memory;
    private readonly RefreshFlights _flights;
    private readonly PendingPairSaver _saver;
    private readonly FailureMemory _failure;
    private readonly LoginChanges _changes = new();
    private readonly Func<Task<TokenSnapshot>, Task<AccessToken>> _answer;
    private readonly Func<bool> _mayTryInBackground;
    private readonly ProviderParts _owned;
    private readonly bool _isSystemClock;
    private readonly CancellationTokenSource _closingSource = new();
    private readonly CancellationToken _closing;
    private readonly object _disposalMonitor = new();
    private Task? _disposal;

    private CoordinatedTokenProvider(ProviderParts owned)
    {
        _owned = owned;
        _closing = _closingSource.Token;
        _services = owned.Services;
        _isSystemClock = ReferenceEquals(_services.TimeProvider, TimeProvider.System);
        _memory = new ProviderState(_services.TimeProvider);
        _flights = new RefreshFlights(FlyAsync, OnLanded);
        _saver = new PendingPairSaver(_services, _memory);
        _failure = new FailureMemory(_services);
        _mayTryInBackground = () => _failure.MayTryInBackground(_services.TimeProvider.GetUtcNow());
        _answer = landing => AnswerAsync(landing, rejected: null, CancellationToken.None);
    }

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

    /// <summary>Creates a provider whose invoker is asked for anew for each exchange, and whose name stands in metrics and traces.</summary>
    internal static CoordinatedTokenProvider Create(TokenRefreshOptions options, CoordinatedTokenProviderServices services, Func<HttpMessageInvoker>? tokenEndpointInvoker, string? name)
    {
        TokenRefreshOptions snapshot = options.Snapshot();
        TokenRefreshOptionsValidator.ThrowIfInvalid(snapshot, services);
        return new CoordinatedTokenProvider(ProviderParts.Create(snapshot, services, tokenEndpointInvoker, name));
    }

    /// <inheritdoc/>
    /// <remarks>While a valid token is cached this takes a few nanoseconds, no lock, no I/O and no allocation. A token that is due is served while one background flight fetches the next.</remarks>
    public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default)
    {
        TokenSnapshot? snapshot = _memory.Snapshot;
        return snapshot is not null && snapshot.IsFresh(Tick) ? new(snapshot.Token) : GetCheckedAsync(snapshot, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        ThrowIfDisposed();

        // The rejected token decides: a late 401 for the last one is no reason to replace this one.
        TokenSnapshot? snapshot = _memory.Snapshot;
        return snapshot is not null && snapshot.Token.Value != rejected.Value && _services.TimeProvider.GetUtcNow() < snapshot.Lifetime.UsableUntil
            ? new(snapshot.Token)
            : ReplaceAsync(rejected, cancellationToken);
    }

    /// <summary>Ends the provider: waits for an exchange in flight and its save, and for a sign-in or sign-out that has the lock, at most <see cref="TokenRefreshOptions.RefreshTimeout"/> and <see cref="TokenRefreshOptions.SaveTimeout"/> together, and ends everything else.</summary>
    /// <remarks>Idempotent. Later calls throw <see cref="ObjectDisposedException"/>.</remarks>
    /// <returns>A task that completes when nothing of the provider runs any more.</returns>
    public ValueTask DisposeAsync()
    {
        lock (_disposalMonitor)
        {
            _disposal ??= Task.Run(DisposeCoreAsync);
        }

        _memory.Snapshot?.LookAgain();
        return new(_disposal);
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    string ITokenProvider.HeaderName => _services.Options.HeaderName;

    private long Tick => _isSystemClock ? Environment.TickCount64 : _services.TimeProvider.GetTimestamp() / (_services.TimeProvider.TimestampFrequency / 1000);

    private bool IsDisposed => Volatile.Read(ref _disposal) is not null;

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    // At most once a second, or when nothing is cached, or when the cached token is due.
    private ValueTask<AccessToken> GetCheckedAsync(TokenSnapshot? snapshot, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        if (snapshot is null)
        {
            return JoinFlightAsync(cancellationToken);
        }

        DateTimeOffset now = _services.TimeProvider.GetUtcNow();
        if (now < snapshot.Lifetime.DueAt)
        {
            snapshot.StayFresh(Tick, snapshot.Lifetime.DueAt - now);

            // A disposal since the look above may have sent the next caller here already, and that was just undone. Either it sees what we wrote, or we see it.
            Interlocked.MemoryBarrier();
            if (IsDisposed)
            {
                snapshot.LookAgain();
            }

            return new(snapshot.Token);
        }

        if (now < snapshot.Lifetime.UsableUntil)
        {
            StartInBackground(snapshot, now);

            return new(snapshot.Token);
        }

        return JoinFlightAsync(cancellationToken);
    }

    private void StartInBackground(TokenSnapshot snapshot, DateTimeOffset now)
    {
        if (_failure.MayTryInBackground(now))
        {
            _flights.StartIfIdle(new RefreshReason(null, snapshot.Token.Value), _mayTryInBackground);
        }
    }

    private ValueTask<AccessToken> JoinFlightAsync(CancellationToken cancellationToken) =>
        new(JoinFlight(new RefreshReason(null, null)).AnswerOf(_answer).WaitAsync(cancellationToken));

    private async ValueTask<AccessToken> ReplaceAsync(AccessToken rejected, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<TokenSnapshot> landing = JoinFlight(new RefreshReason(rejected.Value, null, rejected.WasAccepted)).Landing;
            AccessToken answer = await AnswerAsync(landing, rejected, cancellationToken).ConfigureAwait(false);

            // A joiner whose rejected token is the result goes into one further flight, which is then for that token.
            if (answer.Value != rejected.Value)
            {
                return answer;
            }
        }
    }

    private RefreshFlight JoinFlight(RefreshReason goal)
    {
        RefreshFlight flight = _flights.JoinOrStart(goal, out bool isLeader);
        if (!isLeader)
        {
            _services.Metrics.CallerJoined();
        }

        return flight;
    }

    private async Task<AccessToken> AnswerAsync(Task<TokenSnapshot> landing, AccessToken? rejected, CancellationToken cancellationToken)
    {
        try
        {
            return (await landing.WaitAsync(cancellationToken).ConfigureAwait(false)).Token;
        }
        catch (TokenRefreshException e) when (ServeDespite(e, rejected?.Value) is { } served)
        {
            return served;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested && _closing.IsCancellationRequested)
        {
            // The flight ended before it sent anything, because this provider is being disposed.
            throw new ObjectDisposedException("The token provider was disposed while its token was awaited.", e);
        }
    }

    // Within the skew a token is still good for a moment; better than a failure, unless the user has signed out.
    private AccessToken? ServeDespite(TokenRefreshException failure, string? rejected)
    {
        if (_memory.Snapshot is not { } snapshot || snapshot.Token.Value == rejected || _services.TimeProvider.GetUtcNow() >= snapshot.Lifetime.ExpiresAt)
        {
            return null;
        }

        Log.ServedDespiteFailure(_services.Logger, _services.Store.Location, snapshot.Credentials.ExpiresAt, failure);
        return snapshot.Token;
    }

    private async Task<TokenSnapshot> FlyAsync(RefreshReason goal, Task landed)
    {
        System.Diagnostics.Activity? activity = TokenRefreshActivities.StartRefresh(_services.Name, goal.IsBackground);
        using var end = new QuietActivity(activity);
        long start = _services.TimeProvider.GetTimestamp();
        long logins = _memory.Logins;
        string outcome = RefreshOutcome.Failed;
        RefreshContext services = _services.RaisingAfter(landed);
        try
        {
            (TokenSnapshot snapshot, bool isRefreshed) = await new RefreshTransaction(services, _memory, goal).RunAsync(_closing).ConfigureAwait(false);
            outcome = isRefreshed ? RefreshOutcome.Refreshed : RefreshOutcome.Adopted;
            _failure.AfterSuccess(snapshot);
            return snapshot;
        }
        catch (Exception e)
        {
            outcome = e switch
            {
                SignInRequiredException => RefreshOutcome.Rejected,
                RefreshOutcomeUnknownException => RefreshOutcome.Unknown,
                _ => RefreshOutcome.Failed,
            };
            activity.SetFailure(e);
            if (goal.IsBackground)
            {
                _failure.AfterBackgroundFailure(e);
            }

            EndLoginIfSignedOut(e, logins, services.Events);
            throw;
        }
        finally
        {
            activity.SetOutcome(outcome);
            _services.Metrics.RefreshCompleted(outcome, _services.TimeProvider.GetElapsedTime(start));
            _saver.StartIfNeeded(_closing);
        }
    }

    private void OnLanded(RefreshReason goal, Exception? failure)
    {
        if (goal.IsBackground && failure is not null)
        {
            _failure.TellOfBackgroundFailure(failure, _memory.Snapshot?.Credentials.ExpiresAt);
        }
    }

    private void EndLoginIfSignedOut(Exception failure, long logins, CallbackQueue events)
    {
        if (failure is not SignInRequiredException signIn)
        {
            return;
        }

        _failure.AfterSignInRequired(signIn, events);
        if (signIn.Reason is SignInRequiredReason.NothingStored or SignInRequiredReason.SignedOut)
        {
            _memory.EndLogin(logins);
        }
    }

    private async Task DisposeCoreAsync()
    {
        TimeSpan patience = _services.Options.RefreshTimeout + _services.Options.SaveTimeout;
        try
        {
            await Task.WhenAll(_closingSource.CancelAsync(), FinishAsync()).WaitAsync(patience, _services.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What still runs keeps the pair it may obtain in memory only; the record knows of its attempt.
        }
        finally
        {
            _owned.Dispose();
            _closingSource.Dispose();
        }
    }

    private async Task FinishAsync()
    {
        await _flights.CloseAsync().ConfigureAwait(false);
        await _changes.CloseAsync().ConfigureAwait(false);
        await _saver.FinishAsync().ConfigureAwait(false);
        try
        {
            await _services.Events.CompleteAsync().WaitAsync(PatienceForCallbacks, _services.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A callback that hangs is its owner's; it delays nobody.
        }
    }
}
