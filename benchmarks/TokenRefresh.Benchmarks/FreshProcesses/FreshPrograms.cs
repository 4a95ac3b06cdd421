using System.Reflection;

namespace TokenRefresh.Benchmarks.FreshProcesses;

/// <summary>The builds of the program that fresh processes run. All but the first are published when they are asked for.</summary>
/// <remarks>They are kept beside the benchmarks, so that a later run publishes again only what has changed.</remarks>
internal static class FreshPrograms
{
    private const string AssemblyName = "TokenRefresh.FreshProcess";
    private const string LibraryName = "TokenRefresh.dll";

    private static readonly string Published = Path.Combine(AppContext.BaseDirectory, "published");

    /// <summary>Gets the ordinary build, compiled by the runtime as it starts.</summary>
    internal static FreshProgram Default { get; } = new(Metadata("FreshProcessPath"));

    /// <summary>Publishes the program with all of its own assemblies precompiled (ReadyToRun).</summary>
    /// <returns>The program; or the reason why there is none.</returns>
    internal static async Task<(FreshProgram? Program, string Reason)> PublishReadyToRunAsync()
    {
        string output = Path.Combine(Published, "ready-to-run");
        (bool succeeded, string line) = await PublishAsync(output, "--self-contained", "false", "-p:PublishReadyToRun=true");
        return (succeeded ? new FreshProgram(Path.Combine(output, "out", $"{AssemblyName}.dll")) : null, line);
    }

    /// <summary>Copies the ordinary build and replaces TokenRefresh's assembly, and no other, by its precompiled one.</summary>
    /// <returns>The program; or the reason why there is none.</returns>
    internal static async Task<(FreshProgram? Program, string Reason)> PublishPrecompiledLibraryAsync()
    {
        (FreshProgram? whole, string reason) = await PublishReadyToRunAsync();
        if (whole is null)
        {
            return (null, reason);
        }

        string output = Path.Combine(Published, "library-only");
        Directory.CreateDirectory(output);
        string source = Path.GetDirectoryName(Metadata("FreshProcessPath"))!;
        foreach (string file in Directory.GetFiles(source))
        {
            File.Copy(file, Path.Combine(output, Path.GetFileName(file)), overwrite: true);
        }

        File.Copy(Path.Combine(Published, "ready-to-run", "out", LibraryName), Path.Combine(output, LibraryName), overwrite: true);
        return (new FreshProgram(Path.Combine(output, $"{AssemblyName}.dll")), "");
    }

    /// <summary>Publishes the program as native code (native AOT).</summary>
    /// <returns>The program; or the reason why there is none.</returns>
    internal static async Task<(FreshProgram? Program, string Reason)> PublishNativeAsync()
    {
        string output = Path.Combine(Published, "native");
        (bool succeeded, string line) = await PublishAsync(
            output,
            "-p:PublishAot=true",
            "-p:CppCompilerAndLinker=gcc",
            "-p:SuppressTrimAnalysisWarnings=true",
            "-p:SuppressAotAnalysisWarnings=true");
        string program = Path.Combine(output, "out", OperatingSystem.IsWindows() ? $"{AssemblyName}.exe" : AssemblyName);
        return (succeeded ? new FreshProgram(program) : null, line);
    }

    // With places of its own for all that is built, so that the ordinary build stays as it is.
    private static Task<(bool Succeeded, string LastLine)> PublishAsync(string output, params string[] properties) => DotNet.RunAsync(
    [
        "publish", Metadata("FreshProcessProject"), "-c", "Release", "--use-current-runtime", "-v", "q", "-nologo", "-p:RunAnalyzers=false",
        "--artifacts-path", Path.Combine(output, "artifacts"), "-o", Path.Combine(output, "out"), .. properties,
    ]);

    private static string Metadata(string key) =>
        typeof(FreshPrograms).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(metadata => metadata.Key == key).Value!;
}
