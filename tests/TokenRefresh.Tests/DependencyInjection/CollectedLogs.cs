using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>Keeps everything that is logged at any level: messages, their parts, scopes and exceptions.</summary>
internal sealed class CollectedLogs : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _texts = new();

    public string Text => string.Join('\n', _texts);

    public ILogger CreateLogger(string categoryName)
    {
        _texts.Enqueue(categoryName);
        return this;
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Keep(state);
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _texts.Enqueue(formatter(state, exception));
        Keep(state);
        Keep(exception);
    }

    public void Dispose()
    {
    }

    private void Keep(object? part)
    {
        _texts.Enqueue(part?.ToString() ?? "");
        if (part is IEnumerable<KeyValuePair<string, object?>> values)
        {
            foreach (var (key, value) in values)
            {
                _texts.Enqueue($"{key}={(value is IEnumerable<string> several ? string.Join(", ", several) : value)}");
            }
        }
    }
}
