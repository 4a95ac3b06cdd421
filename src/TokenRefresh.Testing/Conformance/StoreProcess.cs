using System.Diagnostics;
using System.Reflection;

namespace TokenRefresh.Testing;

/// <summary>
/// The program that runs the tests, started again with <see cref="StartupHook"/>, which does a task and never lets it reach its own code.
/// It ends with its standard input, so none is left behind where the tests are killed.
/// </summary>
internal sealed class StoreProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _error;

    private StoreProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts the process.</summary>
    /// <param name="tests">The class that opens its store.</param>
    /// <param name="task">What it does.</param>
    /// <param name="medium">The medium of the store.</param>
    /// <param name="tokenEndpoint">The token endpoint of <see cref="StoreTask.Refresh"/>.</param>
    public static StoreProcess Start(Type tests, StoreTask task, string medium, Uri? tokenEndpoint = null)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its program.");
        bool isHost = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(program, isHost ? ["exec", Assembly.GetEntryAssembly()!.Location] : [])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
        start.Environment[StartupHook.TestsVariable] = tests.AssemblyQualifiedName;
        start.Environment[StartupHook.TaskVariable] = task.ToString();
        start.Environment[StartupHook.MediumVariable] = medium;
        start.Environment[StartupHook.TokenEndpointVariable] = tokenEndpoint?.AbsoluteUri;
        return new StoreProcess(Process.Start(start)!);
    }

    /// <summary>Lets a process go on that waits for a line.</summary>
    public async Task ContinueAsync()
    {
        await _process.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Reads its next line; one that ends instead fails with what it said.</summary>
    public async Task<string> ReadLineAsync()
    {
        if (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            return line;
        }

        throw new InvalidOperationException($"The process that was to share the medium ended: {(await _error).Trim()}");
    }

    /// <summary>Kills the process, as SIGKILL does, and reads the last line that it wrote.</summary>
    public async Task<string?> KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        string rest = await _process.StandardOutput.ReadToEndAsync();

        // The last line may be half of one.
        return rest.Split('\n')[..^1].LastOrDefault()?.TrimEnd('\r');
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
