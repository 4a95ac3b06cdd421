using System.Diagnostics;

namespace TokenRefresh.Diagnostics;

/// <summary>The activities of the source <c>TokenRefresh</c>: a flight, and in it the wait for the lock, the exchange and the save. All methods accept and return <see langword="null"/> while nobody listens. End one with a <see cref="QuietActivity"/>.</summary>
internal static class TokenRefreshActivities
{
    public const string Refresh = "token_refresh.refresh";
    public const string LockWait = "token_refresh.lock.wait";
    public const string Exchange = "token_refresh.exchange";
    public const string Save = "token_refresh.save";

    public static readonly string Version = typeof(TokenRefreshActivities).Assembly.GetName().Version?.ToString(3) ?? "";

    private static readonly ActivitySource Source = new(TokenRefreshDiagnostics.ActivitySourceName, Version);

    /// <summary>Starts the activity of a flight.</summary>
    /// <param name="name">The login's name, or <see langword="null"/>.</param>
    /// <param name="background">Whether nobody waits. Such a flight outlives the request that noticed the due token, so it is a trace of its own, linked to that request.</param>
    /// <returns>The activity to dispose at the end of the flight.</returns>
    /// <remarks>To be called inside the flight's own async method, so that the caller's current activity stays what it was.</remarks>
    public static Activity? StartRefresh(string? name, bool background)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        Activity? caller = Activity.Current;
        Activity? activity;
        if (background && caller is not null)
        {
            // An empty parent context still means the current activity; only without one does a new trace begin.
            Activity.Current = null;
            activity = Quietly(() => Source.StartActivity(Refresh, ActivityKind.Internal, parentContext: default, links: [new ActivityLink(caller.Context)]));
            if (activity is null)
            {
                Activity.Current = caller;
            }
        }
        else
        {
            activity = Start(Refresh);
        }

        if (!string.IsNullOrEmpty(name))
        {
            activity?.SetTag(TokenRefreshMetrics.NameTag, name);
        }

        return activity?.SetTag("token_refresh.background", background);
    }

    /// <summary>Starts the activity of a wait for the lock.</summary>
    /// <returns>The activity to dispose at the grant, the time-out, or when a saved token made the lock unnecessary.</returns>
    public static Activity? StartLockWait() => Start(LockWait);

    /// <summary>Starts the activity of an exchange, the parent of those of its HTTP requests.</summary>
    /// <param name="tokenEndpoint">The token endpoint; only host and port are shown, since a query may hold a key.</param>
    /// <returns>The activity to dispose when the answer is understood.</returns>
    public static Activity? StartExchange(Uri? tokenEndpoint)
    {
        Activity? activity = Start(Exchange);
        if (activity is not null && tokenEndpoint is { IsAbsoluteUri: true })
        {
            activity.SetTag("server.address", tokenEndpoint.Host);
            activity.SetTag("server.port", tokenEndpoint.Port);
        }

        return activity;
    }

    /// <summary>Starts the activity of a save.</summary>
    /// <returns>The activity to dispose when the pair is durable or kept in memory.</returns>
    public static Activity? StartSave() => Start(Save);

    /// <summary>Notes how a flight ended.</summary>
    /// <param name="activity">The flight's activity.</param>
    /// <param name="outcome">One of <see cref="RefreshOutcome"/>.</param>
    public static void SetOutcome(this Activity? activity, string outcome) => activity?.SetTag(TokenRefreshMetrics.OutcomeTag, outcome);

    /// <summary>Notes a failure by its type. Not by its message: that of a foreign exception may hold anything.</summary>
    /// <param name="activity">The activity.</param>
    /// <param name="failure">What was thrown.</param>
    public static void SetFailure(this Activity? activity, Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        activity?.SetTag("error.type", failure.GetType().FullName)?.SetStatus(ActivityStatusCode.Error);
    }

    private static Activity? Start(string name) => Source.HasListeners() ? Quietly(() => Source.StartActivity(name)) : null;

    // What a listener or its sampler throws must not end a refresh that may have spent its token already.
    private static Activity? Quietly(Func<Activity?> start)
    {
        Activity? before = Activity.Current;
        try
        {
            return start();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Activity.Current = before;
            return null;
        }
    }
}
