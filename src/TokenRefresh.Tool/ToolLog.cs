using System.Globalization;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.Tool;

/// <summary>Writes what the library logs as lines: the time, the message, and the cause. The library logs no secret.</summary>
internal sealed class ToolLog(TextWriter writer, LogLevel least, TimeProvider time) : ILoggerFactory, ILogger
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Write(exception is null ? formatter(state, null) : $"{formatter(state, null)} {exception.Message}");
        }
    }

    /// <summary>Writes a line of the tool's own.</summary>
    internal void Write(string line)
    {
        lock (_lock)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-dd HH:mm:ss}Z {line}"));
            writer.Flush();
        }
    }

    public void Dispose()
    {
    }
}
