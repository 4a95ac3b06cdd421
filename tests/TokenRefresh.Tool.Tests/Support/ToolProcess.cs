using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using FluentAssertions;

namespace TokenRefresh.Tool.Tests;

/// <summary>The tool as a process of its own.</summary>
internal static class ToolProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static string Assembly { get; } = typeof(ToolProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "Tool").Value!;

    /// <summary>Describes a process of the tool for a login, with its streams redirected.</summary>
    public static ProcessStartInfo StartInfo(SharedLogin login, params IEnumerable<string> args) =>
        WithLogin(new ProcessStartInfo("dotnet", [Assembly, .. args]), login);

    /// <summary>Describes the same on a pseudo-terminal, by util-linux's <c>script</c>.</summary>
    public static ProcessStartInfo OnTerminal(SharedLogin login, string command)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "There is no util-linux 'script', which makes the pseudo-terminal.");
        return WithLogin(new ProcessStartInfo("/usr/bin/script", ["-qec", $"dotnet '{Assembly}' {command}", "/dev/null"]), login);
    }

    /// <summary>Runs a process to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(ProcessStartInfo start, string input = "")
    {
        using Process process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task exit = Task.WhenAll(output, process.WaitForExitAsync());
            if (await Task.WhenAny(exit, Task.Delay(Patience, TimeProvider.System)) != exit)
            {
                End(process);
                throw new TimeoutException($"The process did not end within {Patience}. It wrote '{await errors}'.");
            }

            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>Reads lines until one holds a text.</summary>
    public static async Task<string> ReadUntilAsync(StreamReader reader, string text)
    {
        var lines = new List<string>();
        while (await reader.ReadLineAsync().WaitAsync(Patience, TimeProvider.System) is { } line)
        {
            lines.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        string.Join('\n', lines).Should().Contain(text);
        return "";
    }

    /// <summary>Sends a signal by its name.</summary>
    public static void Signal(Process process, string name) =>
        Process.Start("/bin/kill", ["-s", name, process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();

    public static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static ProcessStartInfo WithLogin(ProcessStartInfo start, SharedLogin login)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["XDG_CONFIG_HOME"] = login.Directory.Path;
        start.Environment["TOKEN_REFRESH_CREDENTIALS"] = login.Path;
        start.Environment["TOKEN_REFRESH_TOKEN_ENDPOINT"] = login.Server.TokenUri.AbsoluteUri;
        start.Environment["TOKEN_REFRESH_CLIENT_ID"] = "tests";
        return start;
    }
}
