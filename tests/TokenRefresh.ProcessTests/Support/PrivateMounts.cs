using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>
/// A mount namespace of one test's own. Its mounts end with its processes, whatever ended those: a killed test run leaves none behind.
/// </summary>
internal sealed class PrivateMounts : IAsyncDisposable
{
    private readonly ChildProcess _keeper;

    private PrivateMounts(ChildProcess keeper) => _keeper = keeper;

    /// <summary>Gets why there can be none here; <see langword="null"/> if there can.</summary>
    internal static string? WhyNone { get; } =
        !OperatingSystem.IsLinux() ? "Mount namespaces need Linux."
        : !Environment.IsPrivilegedProcess ? "Only root may mount."
        : !File.Exists("/usr/bin/unshare") || !File.Exists("/usr/bin/nsenter")
            ? "unshare(1) and nsenter(1) of util-linux are not installed."
        : !IsAllowed() ? "This machine gives root no CAP_SYS_ADMIN, without which nothing can be mounted."
        : null;

    private string[] Enter => [$"--mount=/proc/{_keeper.Id}/ns/mnt", "--"];

    internal static async Task<PrivateMounts> StartAsync() =>
        new(
            await ChildProcess.StartProgramAsync(
                "unshare",
                new ChildProcessOptions { Arguments = ["--mount", "--propagation", "private", "sh", "-c", "echo ready; read line"] }));

    /// <summary>Where a file that children see at this path is to be found from here.</summary>
    internal string View(string path) => $"/proc/{_keeper.Id}/root{path}";

    internal Task MountAsync(params string[] arguments) => RunAsync("mount", arguments);

    internal Task UnmountAsync(string path) => RunAsync("umount", path);

    internal Task<ChildProcess> StartChildAsync() =>
        ChildProcess.StartProgramAsync(
            "nsenter",
            new ChildProcessOptions { Arguments = [.. Enter, OtherPrograms.DotNet, "exec", TestProgram.Path] });

    public ValueTask DisposeAsync() => _keeper.DisposeAsync();

    private Task RunAsync(string program, params string[] arguments) =>
        OtherPrograms.RunAsync("nsenter", [.. Enter, program, .. arguments]);

    private static bool IsAllowed()
    {
        string[] arguments = ["--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tokenrefresh", "/tmp"];
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("unshare", arguments)
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
