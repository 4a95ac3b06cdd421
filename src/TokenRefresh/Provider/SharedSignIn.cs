using TokenRefresh.Diagnostics;

namespace TokenRefresh.Provider;

/// <summary>The sign-in of one provider: one at a time, and one token or one failure for all who join it.</summary>
/// <remarks>Safe for concurrent use. It ends early once all who joined it have left.</remarks>
internal sealed class SharedSignIn
{
    // The sign-in in whose flow this code runs: the program's delegate, or what it has started.
    private static readonly AsyncLocal<Running?> Inside = new();

    private readonly object _lock = new();
    private volatile Running? _running;

    /// <summary>Gets whether the sign-in that runs asks itself, and would wait for its own end.</summary>
    internal bool IsInside => _running is { } running && Inside.Value == running;

    /// <summary>Joins the sign-in that runs, or starts one.</summary>
    /// <param name="run">A new one; its token is cancelled when all who joined it have left.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <param name="isLeader">Whether this call started it.</param>
    internal Task<AccessToken> JoinOrStart(
        Func<CancellationToken, Task<AccessToken>> run, CancellationToken cancellationToken, out bool isLeader)
    {
        Running running;
        lock (_lock)
        {
            isLeader = _running is null;
            running = _running ??= Start_NeedsLock(run);
            running.Callers++;
        }

        return WaitAsync(running, cancellationToken);
    }

    private Running Start_NeedsLock(Func<CancellationToken, Task<AccessToken>> run)
    {
        var running = new Running();

        // Without the ExecutionContext of the caller that happens to be the first.
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => RunAsync(running, run));
        }

        return running;
    }

    private async Task RunAsync(Running running, Func<CancellationToken, Task<AccessToken>> run)
    {
        Inside.Value = running;
        try
        {
            AccessToken token = await run(running.AllHaveLeft.Token).ConfigureAwait(false);
            End(running);
            running.SetResult(token);
        }
        catch (Exception e)
        {
            End(running);
            running.SetException(e);

            // All may have left; the exception would then be reported as unobserved.
            _ = running.Task.Exception;
        }
    }

    private async Task<AccessToken> WaitAsync(Running running, CancellationToken cancellationToken)
    {
        try
        {
            return await running.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave(running);
        }
    }

    private void Leave(Running running)
    {
        lock (_lock)
        {
            if (--running.Callers > 0 || running.Task.IsCompleted)
            {
                return;
            }
        }

        // The next caller starts another one.
        End(running);
        Guarded.Forget(running.AllHaveLeft.CancelAsync());
    }

    private void End(Running running)
    {
        lock (_lock)
        {
            if (_running == running)
            {
                _running = null;
            }
        }
    }

    private sealed class Running() : TaskCompletionSource<AccessToken>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal CancellationTokenSource AllHaveLeft { get; } = new();

        internal int Callers { get; set; }
    }
}
