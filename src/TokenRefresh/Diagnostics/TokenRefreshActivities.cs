using System.Diagnostics;

namespace TokenRefresh.Diagnostics;

/// <summary>
/// The activities of the source <c>TokenRefresh</c>: a refresh, and in it the wait for the lock, the exchange and the save.
/// </summary>
/// <remarks>
/// All methods accept and return <see langword="null"/> while nothing listens. End an activity with a <see cref="GuardedActivity"/>.
/// </remarks>
internal static class TokenRefreshActivities
{
    internal const string Refresh = "token_refresh.refresh";
    internal const string LockWait = "token_refresh.lock.wait";
    internal const string Exchange = "token_refresh.exchange";
    internal const string Save = "token_refresh.save";

    internal static readonly string Version = typeof(TokenRefreshActivities).Assembly.GetName().Version?.ToString(3) ?? "";

    private static readonly ActivitySource Source = new(TokenRefreshDiagnostics.ActivitySourceName, Version);

    /// <summary>
    /// Returns the context of the caller's current activity, to be passed to <see cref="StartRefresh"/>: a refresh runs outside the
    /// caller's execution context, and may start when the caller's activity has ended.
    /// </summary>
    internal static ActivityContext Caller() => Source.HasListeners() && Activity.Current is { } caller ? caller.Context : default;

    /// <summary>
    /// Starts the activity of a refresh, to dispose at its end: a child of the caller's if the caller waits. A refresh in the background
    /// outlives the request that noticed the due token, so it is a trace of its own, linked to that request.
    /// </summary>
    /// <remarks>To be called inside the refresh's own async method, so that the current activity outside stays what it was.</remarks>
    internal static Activity? StartRefresh(string? name, bool background, ActivityContext caller)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        Activity? activity = background && caller != default
            ? Guarded.Start(Source, Refresh, parent: default, [new ActivityLink(caller)])
            : Guarded.Start(Source, Refresh, caller);
        if (!string.IsNullOrEmpty(name))
        {
            activity?.SetTag(TokenRefreshMetrics.NameTag, name);
        }

        return activity?.SetTag("token_refresh.background", background);
    }

    /// <summary>
    /// Starts the activity of an exchange, the parent of those of its HTTP requests, to dispose when the answer is understood.
    /// </summary>
    /// <param name="tokenEndpoint">The token endpoint; only host and port are shown, since a query may hold a key.</param>
    internal static Activity? StartExchange(Uri? tokenEndpoint)
    {
        Activity? activity = Start(Exchange);
        if (activity is not null && tokenEndpoint is { IsAbsoluteUri: true })
        {
            activity.SetTag("server.address", tokenEndpoint.Host);
            activity.SetTag("server.port", tokenEndpoint.Port);
        }

        return activity;
    }

    /// <summary>Notes how a refresh ended, as one of <see cref="RefreshOutcome"/>.</summary>
    internal static void SetOutcome(this Activity? activity, string outcome) => activity?.SetTag(TokenRefreshMetrics.OutcomeTag, outcome);

    /// <summary>Notes a failure by its type. Not by its message: that of a foreign exception may hold anything.</summary>
    internal static void SetFailure(this Activity? activity, Exception failure) =>
        activity?.SetTag("error.type", failure.GetType().FullName)?.SetStatus(ActivityStatusCode.Error);

    /// <summary>Starts the activity of a wait for the lock or of a save, to dispose at its end, however it ends.</summary>
    internal static Activity? Start(string name) => Source.HasListeners() ? Guarded.Start(Source, name) : null;
}
