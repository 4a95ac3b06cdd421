#pragma warning disable MA0047 // The runtime looks for this name outside of any namespace.

/// <summary>
/// Runs at the start of a process that names this assembly in <c>DOTNET_STARTUP_HOOKS</c>, and lists at its end what it loaded.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
    {
        foreach (System.Reflection.Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            Console.Error.WriteLine($"loaded {assembly.GetName().Name}");
        }
    };
}
