
namespace TokenRefresh.Benchmarks.FreshProcesses;

/// <summary>One build of the program that fresh processes run.</summary>
/// <param name="path">Its assembly, or its executable where it is compiled ahead of time.</param>
internal sealed class FreshProgram(string path)
{
    private bool IsAssembly => path.EndsWith(".dll", StringComparison.Ordinal);

    /// <summary>Starts it and waits until it prints its first line.</summary>
    internal Task<ChildProcess> StartAsync(params string[] arguments)
    {
        var options = new ChildProcessOptions { Arguments = arguments };
        return IsAssembly ? ChildProcess.StartAsync(path, options) : ChildProcess.StartProgramAsync(path, options);
    }

    /// <summary>Gets the file to start and the arguments that come before the program's own.</summary>
    internal (string FileName, string[] Arguments) ToCommand() => IsAssembly ? (DotNet.Host, ["exec", path]) : (path, []);
}
