using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>The shared refresh of one provider: one refresh at a time, and one token or one failure for all who join it.</summary>
/// <param name="run">
/// Runs a refresh for a reason and the caller whose activity is given, and ends it with <see cref="Complete"/>; must not throw.
/// </param>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "If the semaphore were disposed, a concurrent Release would throw. It holds nothing that needs to be given back.")]
internal sealed class SharedRefresh(Func<RefreshReason, ActivityContext, Task> run)
{
    // The refresh in whose flow this code runs: a logger or an HTTP handler of the program's that asks for a token.
    private static readonly AsyncLocal<TaskCompletionSource<AccessToken>?> Inside = new();

    // Elects the leader; held for a few instructions, never across an await. All others await the leader's result.
    private readonly SemaphoreSlim _election = new(1, 1);

    // Completes its callers asynchronously, so that the code of one cannot delay another's token.
    private TaskCompletionSource<AccessToken>? _result;
    private Task _completion = Task.CompletedTask;
    private volatile bool _isRunning;
    private bool _isClosed;

    /// <summary>Gets whether a refresh runs, with or without callers.</summary>
    internal bool IsRunning => _isRunning;

    /// <summary>Joins the refresh that runs, or starts one.</summary>
    /// <param name="reason">What a new one would be for.</param>
    /// <param name="isLeader">Whether this call started it.</param>
    /// <exception cref="ObjectDisposedException">No further refresh starts.</exception>
    /// <exception cref="InvalidOperationException">The refresh itself asks, and would wait for its own end.</exception>
    internal Task<AccessToken> JoinOrStart(RefreshReason reason, out bool isLeader)
    {
        ThrowIfInside();
        _election.Wait();
        try
        {
            isLeader = !_isRunning;
            if (isLeader)
            {
                Start_NeedsElection(reason);
            }

            return _result!.Task;
        }
        finally
        {
            _election.Release();
        }
    }

    /// <summary>Starts a refresh that no caller waits for, if none runs.</summary>
    /// <param name="reason">What it is for.</param>
    /// <param name="mayStart">Whether a refresh may start now. Asked only if none runs, and while no other can start.</param>
    /// <exception cref="ObjectDisposedException">No further refresh starts.</exception>
    internal void StartIfIdle(RefreshReason reason, Func<bool> mayStart)
    {
        _election.Wait();
        try
        {
            if (!_isRunning && mayStart())
            {
                Start_NeedsElection(reason);
            }
        }
        finally
        {
            _election.Release();
        }
    }

    /// <summary>Starts no further refresh.</summary>
    /// <returns>A task that completes when the last one has ended, with a token or a failure.</returns>
    internal Task CloseAsync()
    {
        _election.Wait();
        try
        {
            _isClosed = true;
            return _completion;
        }
        finally
        {
            _election.Release();
        }
    }

    /// <summary>Refuses code that the running refresh calls, and that would wait for its end while it holds the lock.</summary>
    /// <exception cref="InvalidOperationException">The refresh itself asks.</exception>
    internal void ThrowIfInside()
    {
        if (Inside.Value is { Task.IsCompleted: false } running && running == _result)
        {
            throw new InvalidOperationException(
                "The token provider was called from inside its own refresh, by a logger or an HTTP handler, and would wait for itself. "
                + "Call it elsewhere, or from an event of 'TokenRefreshOptions.Events', which comes after the refresh.");
        }
    }

    /// <summary>Gives the callers of the refresh that runs its token or its failure.</summary>
    internal void Complete(AccessToken? token, Exception? failure)
    {
        TaskCompletionSource<AccessToken> result = _result!;

        // Before the result is set: a caller that has it and asks again must start the next refresh, not join this one.
        _isRunning = false;
        if (token is not null)
        {
            result.SetResult(token);
            return;
        }

        result.SetException(failure!);

        // Every caller may have left; the exception would then be reported as unobserved.
        _ = result.Task.Exception;
    }

    private void Start_NeedsElection(RefreshReason reason)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(CoordinatedTokenProvider));
        var result = new TaskCompletionSource<AccessToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        _result = result;
        _isRunning = true;
        ActivityContext caller = TokenRefreshActivities.Caller();

        // On the thread pool, without the caller's ExecutionContext.
        using (ExecutionContext.SuppressFlow())
        {
            _completion = Task.Run(() =>
            {
                Inside.Value = result;
                return run(reason, caller);
            });
        }
    }
}
