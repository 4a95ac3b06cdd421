namespace TokenRefresh;

/// <summary>
/// Turns the paths of <see cref="TokenRefreshOptions"/> into full ones. Links are left to the store, which follows them under its lease.
/// </summary>
internal static class CredentialsPath
{
    /// <summary>Resolves a leading <c>~</c> to the user's home, and a relative path against the current directory.</summary>
    /// <exception cref="TokenRefreshConfigurationException">
    /// The path starts with <c>~</c> and there is no home, or it names another user's home. On Windows also if it is no file's: a device
    /// such as <c>NUL</c>, or a stream such as <c>file:stream</c>.
    /// </exception>
    internal static string Resolve(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return path[0] == '~' ? Resolve(path, Home()) : FullPath(path);
    }

    internal static string Resolve(string path, string? home)
    {
        if (path.Length > 1 && path[1] != Path.DirectorySeparatorChar && path[1] != Path.AltDirectorySeparatorChar)
        {
            throw new TokenRefreshConfigurationException(
                $"The path '{path}' starts with '~' and a name. Only '~' and '~/' are resolved: write the full path, " +
                $"or './{path}' if a file of that name is meant.");
        }

        if (string.IsNullOrEmpty(home) || !Path.IsPathFullyQualified(home))
        {
            throw new TokenRefreshConfigurationException(
                $"The path '{path}' starts with '~', but the user's home directory is not known. " +
                $"Set '{(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME")}' to a full path, or write the full path.");
        }

        return FullPath(path.Length == 1 ? home : Path.Join(home, path.AsSpan(2)));
    }

    // As it is written too: Windows makes a device of 'C:\Users\NUL', and the full path of 'NUL' shows only that it is one.
    private static string FullPath(string path)
    {
        string full = Path.GetFullPath(path);
        if (OperatingSystem.IsWindows() && (WindowsPath.FindProblem(path) ?? WindowsPath.FindProblem(full)) is { } problem)
        {
            throw new TokenRefreshConfigurationException($"The path '{path}' {problem}");
        }

        return full;
    }

    private static string? Home()
    {
        // Other programs follow the variable; the profile directory that the system names may be another one.
        if (OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable("USERPROFILE") is { Length: > 0 } profile)
        {
            return profile;
        }

        // DoNotVerify: a home that cannot be listed may still hold a file that can be opened.
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

        // .NET falls back to '/' for a user without HOME and without a passwd entry, as in many containers; that directory is never meant.
        return home == "/" && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")) ? null : home;
    }
}
