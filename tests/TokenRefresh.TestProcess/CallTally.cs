namespace TokenRefresh.TestProcess;

/// <summary>Counts what concurrent calls came to, and writes it as a reply.</summary>
internal sealed class CallTally
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private Exception? _failure;
    private int _failures;

    /// <summary>Starts the calls at one moment, each on a thread-pool thread, and waits for all.</summary>
    public static async Task<CallTally> RunAsync(int count, Func<int, Task<string>> call)
    {
        var tally = new CallTally();
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task[] calls = [.. Enumerable.Range(0, count).Select(async i =>
        {
            await start.Task;
            try
            {
                tally.Add(await call(i));
            }
            catch (Exception exception)
            {
                tally.Add(exception);
            }
        })];
        start.SetResult();
        await Task.WhenAll(calls);
        return tally;
    }

    /// <summary><c>fingerprints=a,b distinct=2 failures=1 failure=Type message=...</c></summary>
    public string Tokens =>
        $"fingerprints={(_outcomes.Count == 0 ? "-" : string.Join(',', _outcomes.Keys))} distinct={_outcomes.Count} {Failures}";

    /// <summary><c>200=7 401=1 failures=0</c></summary>
    public string Statuses => string.Join(' ', [.. _outcomes.Select(outcome => $"{outcome.Key}={outcome.Value}"), Failures]);

    private string Failures =>
        _failure is null ? "failures=0" : $"failures={_failures} failure={_failure.GetType().Name} message={_failure.Message}";

    private void Add(string outcome)
    {
        lock (_gate)
        {
            _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
        }
    }

    private void Add(Exception exception)
    {
        lock (_gate)
        {
            _failures++;
            _failure ??= exception;
        }
    }
}
