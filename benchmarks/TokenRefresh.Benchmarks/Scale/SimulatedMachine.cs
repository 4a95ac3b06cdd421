using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Hosting;
using TokenRefresh.Provider;
using TokenRefresh.Refresh;

namespace TokenRefresh.Benchmarks.Scale;

/// <summary>
/// One machine: the product's transaction, rules, record, due times and pauses, and what its programs ask for. Only the provider around
/// them is not there, since it starts its refreshes on the thread pool.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The timers are those of a clock that goes with it.")]
internal sealed class SimulatedMachine
{
    private static readonly TokenRefreshMetrics Metrics = new();

    private readonly VirtualClock _clock;
    private readonly Random _dice;
    private readonly RefreshContext _context;
    private readonly ProviderState _state;
    private readonly BackgroundRefresh _background;
    private readonly double _share;
    private TimeSpan? _askedAt;
    private TimeSpan? _renewedAt;
    private bool _isRefreshing;

    internal SimulatedMachine(SimulatedServer server, ITokenEndpointClient endpoint, TokenRefreshOptions options, Random dice)
    {
        (_clock, _dice, _share) = (server.Clock, dice, 1 - (FreshKeeper.Spread * dice.NextDouble()));
        _context = new RefreshContext(() => endpoint)
        {
            Options = options,
            Store = new SimulatedStore(server, dice),
            TimeProvider = server.Clock,
            Logger = NullLogger.Instance,
            Metrics = Metrics,
            Callbacks = new CallbackQueue(NullLogger.Instance),
        };
        _state = new ProviderState(_context.Store, server.Clock);
        _background = new BackgroundRefresh(_context, _state);
    }

    /// <summary>Gets how long requests have waited for a token, the longest of them.</summary>
    internal TimeSpan LongestWait { get; private set; }

    /// <summary>Gets how many refreshes requests have waited for.</summary>
    internal int Waits { get; private set; }

    internal int Failures { get; private set; }

    internal TimeSpan ServedAt { get; private set; }

    internal bool HasToken => _state.Snapshot is { } snapshot && _clock.GetUtcNow() < snapshot.Lifetime.UsableUntil;

    internal void ForgetFigures() => (LongestWait, Waits, Failures) = (TimeSpan.Zero, 0, 0);

    /// <summary>A request needs a token.</summary>
    internal void Ask()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        if (_state.Snapshot is { } snapshot && now < snapshot.Lifetime.UsableUntil)
        {
            if (now >= snapshot.Lifetime.DueAt && !_isRefreshing && _background.MayStart())
            {
                _ = RefreshAsync(new RefreshReason(null, snapshot.Token.Value));
            }

            return;
        }

        if (_askedAt is null)
        {
            _askedAt = _clock.Elapsed;
            Waits++;
        }

        if (!_isRefreshing)
        {
            _ = RefreshAsync(RefreshReason.TokenNeeded);
        }
    }

    /// <summary>Asks again and again.</summary>
    internal void AskEvery(TimeSpan interval) => _clock.After(interval * _dice.NextDouble(), () => AskAndGoOn(interval));

    /// <summary>Looks as the service of <c>KeepFresh</c> does.</summary>
    internal void KeepFresh(TimeSpan margin) => _clock.After(FreshKeeper.Interval * _dice.NextDouble(), () => _ = LookAsync(margin));

    private void AskAndGoOn(TimeSpan interval)
    {
        Ask();
        _clock.After(interval, () => AskAndGoOn(interval));
    }

    private async Task LookAsync(TimeSpan margin)
    {
        TokenRefreshStatus status = await new StatusReader(_context, _state).ReadAsync(CancellationToken.None).ConfigureAwait(false);
        bool hasRenewed = _renewedAt is { } last && _clock.Elapsed - last < FreshKeeper.LeastPause;
        if (FreshKeeper.IsDue(status, margin, _share) && !hasRenewed && !_isRefreshing && _background.MayStart())
        {
            _renewedAt = _clock.Elapsed;
            await RefreshAsync(new RefreshReason(null, _state.Snapshot?.Token.Value ?? "none")).ConfigureAwait(false);
        }

        _clock.After(FreshKeeper.Interval, () => _ = LookAsync(margin));
    }

    private async Task RefreshAsync(RefreshReason reason)
    {
        _isRefreshing = true;
        try
        {
            var transaction = new RefreshTransaction(_context, _state, reason, new CallbackList(_context.Options.Events));
            _background.AfterSuccess(await transaction.RunAsync(CancellationToken.None).ConfigureAwait(false));
        }
        catch (TokenRefreshException e)
        {
            Failures++;
            if (reason.IsBackground)
            {
                _background.AfterFailure(e);
            }
        }

        _isRefreshing = false;
        if (_askedAt is { } asked)
        {
            _askedAt = null;
            ServedAt = _clock.Elapsed;
            LongestWait = ServedAt - asked > LongestWait ? ServedAt - asked : LongestWait;
        }
    }
}
