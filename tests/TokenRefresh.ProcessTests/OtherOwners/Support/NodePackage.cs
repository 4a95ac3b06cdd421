using System.ComponentModel;
using System.Diagnostics;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.OtherOwners;

/// <summary>npm's <c>proper-lockfile</c>, installed for these tests alone, and the program that uses it.</summary>
public sealed class NodePackage : IAsyncLifetime
{
    private const string Package = "proper-lockfile@4.1.2";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TempDirectory _directory = new();
    private string? _whyNone;

    private string Program => Path.Combine(_directory.Path, "owner.js");

    public async ValueTask InitializeAsync()
    {
        File.Copy(Path.Combine(AppContext.BaseDirectory, "OtherOwners", "owner.js"), Program);
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "package.json"), "{}");
        _whyNone = await WhyNotAsync("node", "--version")
            ?? await WhyNotAsync("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", Package);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return default;
    }

    /// <summary>Skips the test where there is no Node, or the package cannot be had.</summary>
    internal void SkipWhereMissing() => Assert.SkipWhen(_whyNone is not null, _whyNone ?? "");

    /// <summary>Starts Node processes that share a login.</summary>
    internal async Task<NodeProcesses> StartAsync(SharedLogin login, int count, TimeSpan staleAfter)
    {
        string endpoint = Uri.EscapeDataString(login.Server.TokenUri.AbsoluteUri);
        double update = Math.Clamp(staleAfter.TotalMilliseconds / 4, 1_000, 5_000);
        var processes = new NodeProcesses(
            await Task.WhenAll(Enumerable.Range(0, count).Select(
                _ => ChildProcess.StartProgramAsync("node", new ChildProcessOptions { Arguments = [Program] }))));
        await processes.RunAsync(
            $"create path={Uri.EscapeDataString(login.Path)} endpoint={endpoint} stale={staleAfter.TotalMilliseconds} update={update}");
        return processes;
    }

    private async Task<string?> WhyNotAsync(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                WorkingDirectory = _directory.Path,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            await process.StandardOutput.ReadToEndAsync().WaitAsync(Patience, TimeProvider.System);
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : $"'{program} {arguments[0]}' ended with {process.ExitCode}: {await error}";
        }
        catch (Exception e) when (e is Win32Exception or TimeoutException)
        {
            return $"'{program}' cannot be run: {e.Message}";
        }
    }
}
