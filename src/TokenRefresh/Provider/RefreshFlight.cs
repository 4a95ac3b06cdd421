using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>One flight in the air, or landed.</summary>
internal sealed class RefreshFlight
{
    private readonly Task<TokenSnapshot> _flying;
    private Task<AccessToken>? _answer;

    /// <summary>Starts it.</summary>
    /// <param name="fly">Runs the transaction; is given <see cref="Landed"/>, for what has to come after the flight.</param>
    /// <param name="onLanded">Is told the failure, if any, when the flight is over; must not throw.</param>
    internal RefreshFlight(Func<Task, Task<TokenSnapshot>> fly, Action<Exception?> onLanded)
    {
        var landed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Landed = landed.Task;
        _flying = fly(landed.Task);
        Landing = Spread(_flying, failure =>
        {
            onLanded(failure);
            landed.SetResult();
        });
    }

    /// <summary>Gets whether a call may join: whoever has had the flight's answer finds it over.</summary>
    internal bool IsInTheAir => !_flying.IsCompleted;

    /// <summary>Gets what the transaction finds or fetches, or its failure.</summary>
    internal Task<TokenSnapshot> Landing { get; }

    /// <summary>Gets a task that completes right after the landing, however that ended: who comes then finds the flight over. What waits for it never waits for the code of the flight's callers.</summary>
    internal Task Landed { get; }

    /// <summary>Gets what those get who rejected no token. They are the many, so they share one task: thousands of them then cost thousands of continuations, and not twice as many.</summary>
    /// <param name="answer">Turns the landing into the answer.</param>
    internal Task<AccessToken> AnswerOf(Func<Task<TokenSnapshot>, Task<AccessToken>> answer)
    {
        if (Volatile.Read(ref _answer) is { } known)
        {
            return known;
        }

        // The answer belongs to nobody, as the flight does.
        Task<AccessToken> made;
        using (ExecutionContext.SuppressFlow())
        {
            made = Spread(answer(_flying), then: null);
        }

        return Interlocked.CompareExchange(ref _answer, made, null) ?? made;
    }

    // Callers with a cancellable token wait for a task of their own, and of those the framework completes one after the other on one thread, each when the code of the caller before has come to its next wait.
    // Nobody's code is to hold up anybody's token.
    private static Task<T> Spread<T>(Task<T> task, Action<Exception?>? then)
    {
        var spread = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = task.ContinueWith(
            done =>
            {
                Pass(done, spread);
                then?.Invoke(done.Exception?.InnerException);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return spread.Task;
    }

    private static void Pass<T>(Task<T> done, TaskCompletionSource<T> spread)
    {
        if (done.IsCompletedSuccessfully)
        {
            spread.SetResult(done.Result);
        }
        else if (done.Exception is { } failure)
        {
            spread.SetException(failure.InnerExceptions);

            // Known even if every caller has left by then, or another's answer came first.
            _ = spread.Task.Exception;
        }
        else
        {
            spread.SetCanceled();
        }
    }
}
