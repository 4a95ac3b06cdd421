using Microsoft.Extensions.Logging;

namespace TokenRefresh.TestKit;

/// <summary>
/// Keeps everything that is logged at any level: messages, their parts, scopes and exceptions. A test can wait for an event and count it.
/// </summary>
public sealed class LogCollector : ILoggerFactory, ILoggerProvider, ILogger
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly List<string> _texts = [];
    private readonly List<string> _messages = [];
    private readonly List<int> _ids = [];
    private readonly List<(int Id, int Count, TaskCompletionSource Reached)> _waits = [];

    /// <summary>Gets what every message throws, once it is kept; nothing by default.</summary>
    public Func<Exception>? Failure { get; init; }

    /// <summary>Gets all that was logged so far.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                return string.Join('\n', _texts);
            }
        }
    }

    /// <summary>Gets the messages so far, without their parts.</summary>
    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_lock)
            {
                return [.. _messages];
            }
        }
    }

    /// <summary>Counts the messages of an event so far.</summary>
    /// <param name="id">The id of the event.</param>
    /// <returns>How many.</returns>
    public int CountOf(int id)
    {
        lock (_lock)
        {
            return CountOf_NeedsLock(id);
        }
    }

    /// <summary>Waits until an event was logged.</summary>
    /// <param name="id">The id of the event.</param>
    /// <param name="count">How many times.</param>
    /// <returns>A task; it fails with <see cref="TimeoutException"/> after a minute.</returns>
    public Task WaitForAsync(int id, int count = 1)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (CountOf_NeedsLock(id) >= count)
            {
                return Task.CompletedTask;
            }

            _waits.Add((id, count, reached));
        }

        return reached.Task.WaitAsync(Patience, TimeProvider.System);
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        Keep(categoryName);
        return this;
    }

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Keep(state);
        return null;
    }

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => true;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        string message = formatter(state, exception);
        Keep(message);
        Keep(state);
        Keep(exception);
        lock (_lock)
        {
            _messages.Add(message);
            _ids.Add(eventId.Id);
            foreach ((int id, int count, TaskCompletionSource reached) in _waits)
            {
                if (CountOf_NeedsLock(id) >= count)
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

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private int CountOf_NeedsLock(int id) => _ids.Count(i => i == id);

    private void Keep(object? part)
    {
        lock (_lock)
        {
            _texts.Add(part?.ToString() ?? "");
            if (part is IEnumerable<KeyValuePair<string, object?>> values)
            {
                foreach ((string key, object? value) in values)
                {
                    _texts.Add($"{key}={(value is IEnumerable<string> several ? string.Join(", ", several) : value)}");
                }
            }
        }
    }
}
