using System.Diagnostics;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>The system's own programs, for what .NET cannot do to files and users.</summary>
internal static class OtherPrograms
{
    /// <summary>A user that owns nothing: <c>nobody</c> on most systems.</summary>
    internal const int Nobody = 65534;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal static string DotNet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";

    /// <summary>Why no child can run as a user without rights here; <see langword="null"/> if one can.</summary>
    internal static string? WhyNoUnprivilegedChild =>
        OperatingSystem.IsWindows() ? "Windows has no user ids."
        : Environment.IsPrivilegedProcess && !File.Exists("/usr/bin/setpriv")
            ? "setpriv(1) of util-linux is not installed, and these tests run as root."
        : null;

    internal static Task<ChildProcess> StartUnprivilegedAsync() =>
        Environment.IsPrivilegedProcess ? StartAsAsync(Nobody) : ChildProcess.StartAsync(TestProgram.Path);

    /// <summary>Starts a child as a user with a group of its own and maybe another one. Only root can.</summary>
    internal static Task<ChildProcess> StartAsAsync(int user, int? group = null) =>
        ChildProcess.StartProgramAsync("setpriv", new ChildProcessOptions
        {
            Arguments =
            [
                $"--reuid={user}", $"--regid={user}", group is null ? "--clear-groups" : $"--groups={group}",
                DotNet, "exec", TestProgram.ReachablePath,
            ],
            WorkingDirectory = Path.GetDirectoryName(TestProgram.ReachablePath),
        });

    internal static Task<ChildProcess> StartWithUmaskAsync(string umask) =>
        ChildProcess.StartProgramAsync(
            "sh",
            new ChildProcessOptions { Arguments = ["-c", $"umask {umask}; exec \"$0\" exec \"$1\"", DotNet, TestProgram.Path] });

    internal static Task ChangeOwnerAsync(string path, int user, int? group = null) => RunAsync("chown", $"{user}:{group ?? user}", path);

    /// <summary>User id, group id and mode: <c>65534:65534 600</c>.</summary>
    internal static async Task<string> OwnerAndModeAsync(string path) => (await RunAsync("stat", "-c", "%u:%g %a", path)).Trim();

    internal static async Task<bool> TryRunAsync(string program, params string[] arguments)
    {
        try
        {
            await RunAsync(program, arguments);
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    internal static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Patience, TimeProvider.System);
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode}.");
    }
}
