using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>A program that is not ours and holds the lock: <c>flock(1)</c> of util-linux.</summary>
internal static class FlockProgram
{
    internal static bool IsPresent => OperatingSystem.IsLinux() && (File.Exists("/usr/bin/flock") || File.Exists("/bin/flock"));

    internal const string Missing = "flock(1) of util-linux is not installed.";

    /// <summary>Returns once it holds the lock; it lets go when its input closes.</summary>
    internal static Task<ChildProcess> HoldAsync(string path) =>
        ChildProcess.StartProgramAsync("flock", new ChildProcessOptions { Arguments = [path, "sh", "-c", "echo ready; read line"] });
}
