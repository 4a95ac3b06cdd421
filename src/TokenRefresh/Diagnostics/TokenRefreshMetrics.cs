using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TokenRefresh.Diagnostics;

/// <summary>The instruments of the meter <c>TokenRefresh</c>, for one login.</summary>
/// <remarks>
/// Without a meter factory nothing is made before the first refresh that is more than a read: most processes find a valid token and end,
/// and whether anything listens cannot be asked without a meter. Listeners see the instruments from then on, whenever they were attached.
/// </remarks>
internal sealed class TokenRefreshMetrics
{
    internal const string OutcomeTag = "token_refresh.outcome";
    internal const string NameTag = "token_refresh.name";

    private readonly string? _name;
    private Instruments? _instruments;

    /// <summary>Creates the measurements of a login.</summary>
    /// <param name="meterFactory">Owns the meter; <see langword="null"/> for the process-wide one.</param>
    /// <param name="name">The login's name, which every measurement carries; <see langword="null"/> or empty for none.</param>
    internal TokenRefreshMetrics(IMeterFactory? meterFactory = null, string? name = null)
    {
        _name = string.IsNullOrEmpty(name) ? null : name;
        if (meterFactory is not null)
        {
            _instruments = new Instruments(meterFactory.Create(Instruments.MeterOptions()));
        }
    }

    /// <summary>
    /// Counts a request that is sent once more with another token or proof. A handler belongs to no login, so this one carries no name.
    /// </summary>
    internal static void RequestResent() => Increment(TryGetShared(), static instruments => instruments.RequestsResent, default);

    /// <summary>Records the end of a refresh.</summary>
    /// <param name="outcome">One of <see cref="RefreshOutcome"/>.</param>
    /// <param name="duration">Its length.</param>
    internal void RefreshCompleted(string outcome, TimeSpan duration)
    {
        Instruments? instruments = outcome == RefreshOutcome.Adopted ? _instruments : GetInstruments();
        if (instruments is { RefreshDuration.Enabled: true })
        {
            TagList tags = Tags();
            tags.Add(OutcomeTag, outcome);
            Record(instruments.RefreshDuration, duration, tags);
        }
    }

    /// <summary>Records the end of a wait for the lock, however it ended.</summary>
    internal void LockWaited(TimeSpan wait) => Record(GetInstruments()?.LockWaitDuration, wait, Tags());

    /// <summary>Records what was left of a token when its refresh began. Not to be called for a token of unknown expiry.</summary>
    internal void RemainingLifetimeAtRefresh(TimeSpan remaining) => Record(GetInstruments()?.RemainingLifetime, remaining, Tags());

    /// <summary>Counts a caller that joined a refresh instead of starting one.</summary>
    internal void CallerJoined() => Increment(_instruments, static instruments => instruments.CallersJoined, Tags());

    /// <summary>Counts a save that failed.</summary>
    internal void SaveFailed() => Increment(GetInstruments(), static instruments => instruments.SaveFailures, Tags());

    private static Instruments? TryGetShared()
    {
        try
        {
            return SharedMeter.Instruments;
        }
        catch (TypeInitializationException)
        {
            // A listener threw when it was told of the instruments.
            return null;
        }
    }

    private Instruments? GetInstruments() => _instruments ??= TryGetShared();

    private static void Record(Histogram<double>? histogram, TimeSpan value, in TagList tags)
    {
        try
        {
            if (histogram is { Enabled: true })
            {
                histogram.Record(value.TotalSeconds, tags);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Thrown by a listener.
        }
    }

    private static void Increment(Instruments? instruments, Func<Instruments, Counter<long>> counter, in TagList tags)
    {
        if (instruments is null || instruments.IsRefused)
        {
            return;
        }

        Counter<long>? made = null;
        try
        {
            made = counter(instruments);
            made.Add(1, tags);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Thrown by a listener. One that throws when it is told of a counter would be told at each count, and the meter keeps them all.
            instruments.IsRefused |= made is null;
        }
    }

    private TagList Tags()
    {
        TagList tags = default;
        if (_name is not null)
        {
            tags.Add(NameTag, _name);
        }

        return tags;
    }

    /// <summary>For providers without a container. Never disposed: it lives as long as the process.</summary>
    private static class SharedMeter
    {
        internal static readonly Instruments Instruments = new(new Meter(Instruments.MeterOptions()));
    }

    /// <summary>The instruments of one meter, or those that an earlier login made on it.</summary>
    /// <remarks>Counters are made when there is something to count: a fresh process would have to compile their generic methods.</remarks>
    private sealed class Instruments
    {
        private readonly Meter _meter;
        private Counter<long>? _callersJoined;
        private Counter<long>? _saveFailures;
        private Counter<long>? _requestsResent;

        internal readonly Histogram<double> RefreshDuration;

        internal readonly Histogram<double> LockWaitDuration;

        internal readonly Histogram<double> RemainingLifetime;

        /// <summary>Whether a listener threw when it was told of a counter: none is made any more.</summary>
        internal bool IsRefused;

        internal Instruments(Meter meter)
        {
            _meter = meter;

            // From tokens that another process saved (a read) to a save that is retried up to the longest deadlines.
            double[] durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 60];

            // From an expired token over the usual margins to tokens that live for weeks.
            double[] lifetimes = [-3600, -60, 0, 10, 30, 60, 120, 180, 240, 300, 600, 1800, 3600, 14400, 28800, 86400, 604800];

            RefreshDuration = CreateHistogram(
                meter, "token_refresh.refresh.duration",
                "From the moment a token was found due to its replacement or the failure.",
                durations);
            LockWaitDuration = CreateHistogram(
                meter, "token_refresh.lock.wait.duration",
                "How long a refresh waited for the lock, or for the token that another process saved in that time.",
                durations);
            RemainingLifetime = CreateHistogram(
                meter, "token_refresh.token.remaining_lifetime",
                "What was left of the access token's life when its refresh began; negative once it had expired.",
                lifetimes);
        }

        internal Counter<long> CallersJoined => _callersJoined ??= _meter.CreateCounter<long>(
            "token_refresh.callers.joined", "{caller}", "Callers that waited for a refresh that another caller had begun.");

        internal Counter<long> SaveFailures => _saveFailures ??= _meter.CreateCounter<long>(
            "token_refresh.save.failures", "{failure}", "Saves of new tokens that failed and left them in memory.");

        internal Counter<long> RequestsResent => _requestsResent ??= _meter.CreateCounter<long>(
            "token_refresh.http.retries", "{retry}", "Requests that were rejected and sent once more with another token or proof.");

        internal static MeterOptions MeterOptions() => new(TokenRefreshDiagnostics.MeterName) { Version = TokenRefreshActivities.Version };

        private static Histogram<double> CreateHistogram(Meter meter, string name, string description, double[] boundaries) =>
#if NET9_0_OR_GREATER
            meter.CreateHistogram(name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
#else
            meter.CreateHistogram<double>(name, "s", description); // .NET 8 has no advice; its listeners choose the buckets.
#endif
    }
}
