namespace TokenRefresh.Tool;

/// <summary>Finds programs as a shell does.</summary>
internal static class Programs
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>
    /// Finds a program by the search path alone. The runtime would look in the tool's own folder and in the current one first, and a token
    /// would go to whatever lies there under that name.
    /// </summary>
    /// <param name="name">A name, or a path, which is taken as it is.</param>
    /// <returns>A path; <see langword="null"/> if there is none.</returns>
    internal static string? Find(string name)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        if (name.Contains('/', StringComparison.Ordinal) || (OperatingSystem.IsWindows() && name.Contains('\\', StringComparison.Ordinal)))
        {
            return Path.GetFullPath(name);
        }

        string[] endings = OperatingSystem.IsWindows() ? ["", ".exe", ".com", ".cmd", ".bat"] : [""];
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            foreach (string ending in endings)
            {
                string path = Path.Combine(folder, name + ending);
                if (Path.IsPathFullyQualified(folder) && File.Exists(path) && IsExecutable(path))
                {
                    return path;
                }
            }
        }

        return null;
    }

    private static bool IsExecutable(string path) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != UnixFileMode.None;
}
