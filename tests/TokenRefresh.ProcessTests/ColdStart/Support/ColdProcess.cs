using System.Globalization;
using System.Reflection;
using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.ColdStart;

/// <summary>A fresh process of <c>TokenRefresh.ColdProcess</c>, which makes one request and says what it compiled until then.</summary>
internal sealed class ColdProcess : IAsyncDisposable
{
    private static readonly Lazy<string> Program = new(FindProgram);
    private static readonly string? ListDirectory = Environment.GetEnvironmentVariable("TOKENREFRESH_COMPILED_METHODS");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly ChildProcess _process;

    private ColdProcess(ChildProcess process) => _process = process;

    /// <summary>Gets the library's assembly that is used in place of the one that was built; <see langword="null"/> for that.</summary>
    internal static string? Library { get; } = Environment.GetEnvironmentVariable("TOKENREFRESH_COLD_LIBRARY");

    /// <summary>Starts a process that makes its first request.</summary>
    /// <param name="login">The login and the server.</param>
    /// <param name="who"><c>library</c>, <c>by-hand</c> or <c>by-hand-refreshing</c>.</param>
    /// <param name="list">The name of the list of its compiled methods, where such lists are asked for. The first process writes
    /// it.</param>
    internal static async Task<ColdProcess> StartAsync(SharedLogin login, string who, string? list = null)
    {
        // The runtime's settings are those of users, whatever those of the tests are. But nothing is compiled a second time, in the
        // background: how much of that happens until the count depends on how fast the machine is.
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["DOTNET_TieredCompilation"] = null,
            ["DOTNET_TieredPGO"] = null,
            ["DOTNET_ReadyToRun"] = null,
            ["DOTNET_TC_CallCounting"] = "0",
        };
        if (ListDirectory is not null && list is not null && Path.Combine(ListDirectory, $"{list}.txt") is var file && !File.Exists(file))
        {
            environment["DOTNET_JitStdOutFile"] = file;
            environment["DOTNET_JitDisasmSummary"] = "1";
        }

        string[] arguments = [who, login.Path, login.Server.TokenUri.AbsoluteUri, login.Server.ApiUri.AbsoluteUri + "cold"];
        var options = new ChildProcessOptions { Arguments = arguments, Environment = environment, ReadyLine = null };
        return new ColdProcess(await ChildProcess.StartAsync(Program.Value, options));
    }

    /// <summary>Waits until the process is parked in the system's lock. It takes no commands, so its threads are looked at.</summary>
    internal async Task WaitUntilItAwaitsTheLockAsync()
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!ThreadNames().Any(name => name.StartsWith("TokenRefresh lo", StringComparison.Ordinal)))
        {
            TimeProvider.System.GetElapsedTime(start).Should().BeLessThan(Patience, "the process is expected to wait for the lock");
            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    /// <summary>Waits for the end of the request.</summary>
    /// <returns>How many methods were compiled until then.</returns>
    internal async Task<int> CountMethodsAsync()
    {
        string line = await _process.ExpectAsync("counted");
        (await _process.WaitForExitAsync()).Should().Be(0, _process.Error);
        return int.Parse(line.Split(' ')[1]["methods=".Length..], CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string FindProgram()
    {
        IEnumerable<AssemblyMetadataAttribute> metadata = typeof(ColdProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>();
        string built = metadata.Single(a => a.Key == "ColdProcessPath").Value!;
        if (Library is null)
        {
            return built;
        }

        string copy = ProgramCopy.Make(built);
        File.Copy(Library, Path.Combine(Path.GetDirectoryName(copy)!, Path.GetFileName(Library)), overwrite: true);
        return copy;
    }

    private IEnumerable<string> ThreadNames()
    {
        foreach (string task in Directory.GetDirectories($"/proc/{_process.Id}/task"))
        {
            string name;
            try
            {
                name = File.ReadAllText(Path.Combine(task, "comm"));
            }
            catch (IOException)
            {
                // The thread has ended meanwhile.
                continue;
            }

            yield return name;
        }
    }
}
