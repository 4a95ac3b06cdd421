namespace TokenRefresh.Tool;

/// <summary>What a command has around it: its streams, its environment and the clock.</summary>
internal class ToolHost
{
    private readonly Lazy<TextWriter> _out = new(static () => OperatingSystem.IsWindows() ? Console.Out : new DescriptorWriter(1));
    private readonly Lazy<TextWriter> _error = new(static () => OperatingSystem.IsWindows() ? Console.Error : new DescriptorWriter(2));

    /// <summary>Gets that of this process.</summary>
    internal static ToolHost OfProcess { get; } = new();

    internal virtual TextReader In => Console.In;

    internal virtual TextWriter Out => _out.Value;

    internal virtual TextWriter Error => _error.Value;

    /// <summary>Gets the writer for what is shown on a terminal.</summary>
    internal virtual TextWriter Terminal => Console.Out;

    internal virtual bool IsInputTerminal => !Console.IsInputRedirected;

    internal virtual bool IsOutputTerminal => !Console.IsOutputRedirected;

    internal virtual bool IsErrorTerminal => !Console.IsErrorRedirected;

    internal virtual TimeProvider Time => TimeProvider.System;

    /// <summary>Reads an environment variable; an empty one counts as none.</summary>
    internal string? Variable(string name) => ReadVariable(name) is { Length: > 0 } value ? value : null;

    protected virtual string? ReadVariable(string name) => Environment.GetEnvironmentVariable(name);
}
