using Microsoft.Extensions.Logging;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Lets a test wait until something was logged, and count it.</summary>
internal sealed class LogSignals : ILoggerFactory, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<int> _ids = [];
    private readonly List<(int Id, int Count, TaskCompletionSource Reached)> _waits = [];

    /// <summary>Gets what every message throws, once it is counted; nothing by default.</summary>
    internal Func<Exception>? Failure { get; init; }

    internal int CountOf(int id)
    {
        lock (_gate)
        {
            return _ids.Count(i => i == id);
        }
    }

    internal Task WaitForAsync(int id, int count = 1)
    {
        lock (_gate)
        {
            if (_ids.Count(i => i == id) >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((id, count, reached));
            return reached.Task.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _ids.Add(eventId.Id);
            foreach ((int id, int count, TaskCompletionSource reached) in _waits)
            {
                if (_ids.Count(i => i == id) >= count)
                {
                    reached.TrySetResult();
                }
            }
        }

        if (Failure is { } failure)
        {
            throw failure();
        }
    }

    public void Dispose()
    {
    }
}
