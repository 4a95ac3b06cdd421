using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TokenRefresh.Diagnostics;

/// <summary>The instruments of the meter <c>TokenRefresh</c>, for one login. Costs one comparison per call while nobody listens.</summary>
internal sealed class TokenRefreshMetrics
{
    public const string OutcomeTag = "token_refresh.outcome";
    public const string NameTag = "token_refresh.name";

    // For providers without a container. Never disposed: it lives as long as the process.
    private static readonly Meter SharedMeter = new(Options());

    private static readonly Counter<long> RequestsResent = SharedMeter.CreateCounter<long>("token_refresh.http.retries", "{retry}", "Requests that were rejected and sent once more with another token.");

    // From an adopted pair (a read) to a save that is retried up to the longest deadlines.
    private static readonly double[] Durations =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 60,
    ];

    // From an expired token over the usual margins to tokens that live for weeks.
    private static readonly double[] Lifetimes =
    [
        -3600, -60, 0, 10, 30, 60, 120, 180, 240, 300, 600, 1800, 3600, 14400, 28800, 86400, 604800,
    ];

    private readonly string? _name;
    private readonly Histogram<double> _refreshDuration;
    private readonly Histogram<double> _lockWaitDuration;
    private readonly Histogram<double> _remainingLifetime;
    private readonly Counter<long> _callersJoined;
    private readonly Counter<long> _saveFailures;

    /// <summary>Creates the instruments, or finds those of an earlier login on the same meter.</summary>
    /// <param name="meterFactory">Owns the meter; <see langword="null"/> for the process-wide one.</param>
    /// <param name="name">The login's name, which every measurement carries; <see langword="null"/> or empty for none.</param>
    public TokenRefreshMetrics(IMeterFactory? meterFactory = null, string? name = null)
    {
        Meter meter = meterFactory?.Create(Options()) ?? SharedMeter;
        _name = string.IsNullOrEmpty(name) ? null : name;
        _refreshDuration = CreateHistogram(meter, "token_refresh.refresh.duration", "From the moment a token was found due to its replacement or the failure.", Durations);
        _lockWaitDuration = CreateHistogram(meter, "token_refresh.lock.wait.duration", "How long a refresh waited for the lock, or for the token that another process saved meanwhile.", Durations);
        _remainingLifetime = CreateHistogram(meter, "token_refresh.token.remaining_lifetime", "What was left of the access token's life when its refresh began; negative once it had expired.", Lifetimes);
        _callersJoined = meter.CreateCounter<long>("token_refresh.callers.joined", "{caller}", "Callers that waited for a refresh that another caller had begun.");
        _saveFailures = meter.CreateCounter<long>("token_refresh.save.failures", "{failure}", "Saves of a new pair that failed and left it in memory.");
    }

    /// <summary>Records the end of a flight.</summary>
    /// <param name="outcome">One of <see cref="RefreshOutcome"/>.</param>
    /// <param name="duration">Its length.</param>
    public void RefreshCompleted(string outcome, TimeSpan duration)
    {
        if (_refreshDuration.Enabled)
        {
            TagList tags = Tags();
            tags.Add(OutcomeTag, outcome);
            Record(_refreshDuration, duration, tags);
        }
    }

    /// <summary>Records the end of a wait for the lock, however it ended.</summary>
    /// <param name="wait">Its length.</param>
    public void LockWaited(TimeSpan wait)
    {
        if (_lockWaitDuration.Enabled)
        {
            Record(_lockWaitDuration, wait, Tags());
        }
    }

    /// <summary>Counts a caller that joined a flight instead of starting one.</summary>
    public void CallerJoined() => Count(_callersJoined);

    /// <summary>Counts a request that is sent once more with another token. A handler belongs to no login, so this one carries no name.</summary>
    public static void RequestResent() => Add(RequestsResent, default);

    /// <summary>Counts a save that failed.</summary>
    public void SaveFailed() => Count(_saveFailures);

    /// <summary>Records what was left of a token when its refresh began. Not to be called for a token of unknown expiry.</summary>
    /// <param name="remaining">Its expiry less now.</param>
    public void RemainingLifetimeAtRefresh(TimeSpan remaining)
    {
        if (_remainingLifetime.Enabled)
        {
            Record(_remainingLifetime, remaining, Tags());
        }
    }

    private static Histogram<double> CreateHistogram(Meter meter, string name, string description, double[] boundaries) =>
#if NET9_0_OR_GREATER
        meter.CreateHistogram(name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
#else
        meter.CreateHistogram<double>(name, "s", description); // .NET 8 has no advice; its listeners choose the buckets.
#endif

    private static MeterOptions Options() => new(TokenRefreshDiagnostics.MeterName) { Version = TokenRefreshActivities.Version };

    private void Count(Counter<long> counter)
    {
        if (counter.Enabled)
        {
            Add(counter, Tags());
        }
    }

    // What a listener throws must not end a refresh that may have spent its token already.
    private static void Record(Histogram<double> histogram, TimeSpan value, in TagList tags)
    {
        try
        {
            histogram.Record(value.TotalSeconds, tags);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The listener's.
        }
    }

    private static void Add(Counter<long> counter, in TagList tags)
    {
        try
        {
            counter.Add(1, tags);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The listener's.
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
}
