namespace TokenRefresh.Tool.Tests;

/// <summary>Keeps what is written by any thread, and tells when a text has been written.</summary>
internal sealed class WatchedWriter : StringWriter
{
    private readonly Lock _lock = new();
    private readonly List<(string Text, TaskCompletionSource<string> Written)> _waits = [];

    public override void WriteLine(string? value)
    {
        lock (_lock)
        {
            base.WriteLine(value);
            string all = base.ToString();
            foreach ((string text, TaskCompletionSource<string> written) in _waits)
            {
                if (all.Contains(text, StringComparison.Ordinal))
                {
                    written.TrySetResult(all);
                }
            }
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return base.ToString();
        }
    }

    public Task<string> WaitForAsync(string text)
    {
        lock (_lock)
        {
            var written = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (base.ToString() is var all && all.Contains(text, StringComparison.Ordinal))
            {
                written.SetResult(all);
            }

            _waits.Add((text, written));
            return written.Task;
        }
    }
}
