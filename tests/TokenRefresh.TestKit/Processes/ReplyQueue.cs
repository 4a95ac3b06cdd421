namespace TokenRefresh.TestKit;

/// <summary>
/// The lines a child has printed and no one has taken yet. Replies of background commands come in any order, so lines are taken by what
/// they begin with.
/// </summary>
internal sealed class ReplyQueue
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly List<(string[] Prefixes, TaskCompletionSource<string> Found)> _waits = [];
    private bool _isEnded;

    public Task<string> TakeAsync(params string[] prefixes)
    {
        lock (_gate)
        {
            int index = _lines.FindIndex(line => Matches(line, prefixes));
            if (index >= 0)
            {
                string line = _lines[index];
                _lines.RemoveAt(index);
                return Task.FromResult(line);
            }

            var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_isEnded)
            {
                found.SetException(Ended(prefixes));
            }
            else
            {
                _waits.Add((prefixes, found));
            }

            return found.Task;
        }
    }

    public void Add(string line)
    {
        lock (_gate)
        {
            int index = _waits.FindIndex(wait => Matches(line, wait.Prefixes));
            if (index < 0)
            {
                _lines.Add(line);
                return;
            }

            _waits[index].Found.TrySetResult(line);
            _waits.RemoveAt(index);
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            _waits.ForEach(wait => wait.Found.TrySetException(Ended(wait.Prefixes)));
            _waits.Clear();
        }
    }

    /// <summary>Whole words only, so that the tag <c>a1</c> does not take the reply of <c>a10</c>.</summary>
    private static bool Matches(string line, string[] prefixes) =>
        Array.Exists(
            prefixes,
            prefix =>
                line.StartsWith(prefix, StringComparison.Ordinal)
                    && (line.Length == prefix.Length || prefix.Length == 0 || line[prefix.Length] == ' '));

    private static ChildProcessException Ended(string[] prefixes) =>
        new($"The child process ended before it replied '{string.Join("' or '", prefixes)}'.");
}
