namespace TokenRefresh.Coordination;

/// <summary>One flight in the air, or landed.</summary>
internal sealed class RefreshFlight(Task<TokenSnapshot> landing)
{
    private Task<AccessToken>? _answer;

    /// <summary>Gets what the transaction finds or fetches, or its failure.</summary>
    internal Task<TokenSnapshot> Landing { get; } = landing;

    /// <summary>Gets a task that completes at the landing, however, and before any caller of the flight goes on: what waits for it never waits for their code.</summary>
    internal Task Landed { get; } = landing.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

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
            made = answer(Landing);

            // Its failure is known even if every caller has left by then, or another's answer came first.
            _ = made.ContinueWith(static failed => _ = failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        return Interlocked.CompareExchange(ref _answer, made, null) ?? made;
    }
}
