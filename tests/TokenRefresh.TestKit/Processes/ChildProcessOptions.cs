namespace TokenRefresh.TestKit;

/// <summary>How a <see cref="ChildProcess"/> is started.</summary>
public sealed record ChildProcessOptions
{
    /// <summary>Gets whether the children wait for a debugger before they do anything.</summary>
    internal static bool IsDebugging { get; } =
        System.Environment.GetEnvironmentVariable("TOKENREFRESH_WAIT_FOR_DEBUGGER") is { Length: > 0 };

    /// <summary>Gets the arguments after the program.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Gets environment variables that are set, or removed where the value is <see langword="null"/>.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Gets the working directory.</summary>
    /// <value>Default this process's.</value>
    public string? WorkingDirectory { get; init; }

    /// <summary>Gets how long a reply may take before the wait for it fails.</summary>
    /// <value>Default 60 seconds; without a limit where <c>TOKENREFRESH_WAIT_FOR_DEBUGGER</c> is set.</value>
    public TimeSpan ReplyTimeout { get; init; } = IsDebugging ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(60);

    /// <summary>Gets the line the child prints when it takes commands.</summary>
    /// <value>Default <c>ready</c>; <see langword="null"/> for a program that prints none.</value>
    public string? ReadyLine { get; init; } = "ready";
}
