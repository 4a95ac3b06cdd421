namespace TokenRefresh.Tool;

/// <summary>An error of the tool itself. The message says what to do; no trace is shown.</summary>
internal sealed class ToolException(string message, int exitCode = ExitCode.Usage) : Exception(message)
{
    internal int ExitCode { get; } = exitCode;
}
