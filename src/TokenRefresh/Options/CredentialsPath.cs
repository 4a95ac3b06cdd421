namespace TokenRefresh;

/// <summary>Turns the paths of <see cref="TokenRefreshOptions"/> into full ones. Links are left to the store, which follows them under its lease.</summary>
internal static class CredentialsPath
{
    /// <summary>Resolves a leading <c>~</c> to the user's home, and a relative path against the current directory.</summary>
    /// <param name="path">The path as configured.</param>
    /// <returns>The full path.</returns>
    /// <exception cref="TokenRefreshConfigurationException">The path starts with <c>~</c> and there is no home, or it names another user's home.</exception>
    public static string Resolve(string path) => Resolve(path, Home);

    internal static string Resolve(string path, Func<string?> home)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path[0] != '~')
        {
            return Path.GetFullPath(path);
        }

        if (path.Length > 1 && !IsSeparator(path[1]))
        {
            throw new TokenRefreshConfigurationException(
                $"The path '{path}' starts with '~' and a name. Only '~' and '~/' are resolved: write the full path, or './{path}' if a file of that name is meant.");
        }

        if (home() is not { Length: > 0 } directory || !Path.IsPathFullyQualified(directory))
        {
            throw new TokenRefreshConfigurationException(
                $"The path '{path}' starts with '~', but the user's home directory is not known. Set '{HomeVariable}' to a full path, or write the full path.");
        }

        return Path.GetFullPath(path.Length == 1 ? directory : Path.Join(directory, path.AsSpan(2)));
    }

    private static string HomeVariable => OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME";

    private static bool IsSeparator(char c) => c == Path.DirectorySeparatorChar || c == Path.AltDirectorySeparatorChar;

    private static string? Home()
    {
        // DoNotVerify: a home that cannot be listed may still hold a file that can be opened.
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

        // .NET falls back to '/' for a user without HOME and without a passwd entry, which is common in containers; nobody means that directory.
        return home == "/" && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")) ? null : home;
    }
}
