using System.Diagnostics;

namespace TokenRefresh.Benchmarks.FreshProcesses;

/// <summary>The command <c>dotnet</c>.</summary>
internal static class DotNet
{
    internal static string Host { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";

    /// <summary>Runs it to its end.</summary>
    /// <returns>Whether it succeeded, and the last line it printed.</returns>
    internal static async Task<(bool Succeeded, string LastLine)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Host, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? error = lines.LastOrDefault(line => line.Contains("error", StringComparison.Ordinal));
        return (process.ExitCode == 0, error ?? lines.LastOrDefault() ?? "");
    }
}
