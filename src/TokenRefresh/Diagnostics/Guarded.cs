using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.Diagnostics;

/// <summary>
/// Calls into listeners of the program, and stops what they throw: a failing one must cost neither tokens nor a lock.
/// </summary>
internal static class Guarded
{
    /// <summary>Starts an activity, or returns <see langword="null"/> if nothing listens or a listener throws. Without a parent given, the
    /// current activity is it.</summary>
    internal static Activity? Start(ActivitySource source, string name, ActivityContext parent = default, ActivityLink[]? links = null)
    {
        Activity? before = Activity.Current;
        try
        {
            return source.StartActivity(name, ActivityKind.Internal, parent, links: links);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Activity.Current = before;
            return null;
        }
    }

    internal static void Stop(Activity activity)
    {
        try
        {
            activity.Dispose();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Activity.Current = activity.Parent;
        }
    }

    /// <summary>Lets a task end by itself whose result no one waits for any more. Its failure is not reported as unobserved.</summary>
    internal static void Forget(Task task) =>
        _ = task.ContinueWith(
            static late => _ = late.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
}

/// <summary>A logger that never throws, and logs nowhere if there is no other.</summary>
internal sealed class NonThrowingLogger(ILogger? inner) : ILogger
{
    internal static readonly NonThrowingLogger None = new(null);

    internal static NonThrowingLogger Of(ILoggerFactory? factory) => factory is null ? None : new(factory.CreateLogger("TokenRefresh"));

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner?.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return inner is not null && inner.IsEnabled(logLevel);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            inner?.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Usually a log provider that was disposed before us, at the end of a process.
        }
    }
}

/// <summary>Ends an activity, if there is one, when disposed.</summary>
internal readonly struct GuardedActivity(Activity? activity) : IDisposable
{
    public void Dispose()
    {
        if (activity is not null)
        {
            Guarded.Stop(activity);
        }
    }
}
