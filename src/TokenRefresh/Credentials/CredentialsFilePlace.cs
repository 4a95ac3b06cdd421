namespace TokenRefresh.Credentials;

/// <summary>Where a credentials file really is, and which lock belongs to it.</summary>
internal readonly record struct CredentialsFilePlace(string Target, string LockPath)
{
    // Never the file itself: the save renames over it, and flock stays with the old inode. Never ".lock": npm's lock protocol makes a directory of that name, and a file there breaks it for ever.
    internal const string LockSuffix = ".tokenrefresh.lock";
    internal const string TempSuffix = ".tokenrefresh.tmp";

    internal string Directory => Path.GetDirectoryName(Target)!;

    internal string TempPrefix => Path.GetFileName(Target) + ".";

    /// <exception cref="CredentialsFileException">A link leads in a circle, or through a directory that may not be read.</exception>
    internal static CredentialsFilePlace Locate(ICredentialsFileOperations files, CredentialsFileSettings settings)
    {
        try
        {
            string target = files.Resolve(settings.Path);
            return new(target, settings.LockPath ?? target + LockSuffix);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsFileException(settings.Path, $"The credentials path '{settings.Path}' cannot be followed: {e.Message} Mend the link, grant this user access to its directories, or correct 'CredentialsPath'.", e);
        }
    }

    // Unique per process and attempt: two writers that shared a name would rename each other's half file.
    internal string NewTempPath() => $"{Target}.{Environment.ProcessId}.{Guid.NewGuid():N}{TempSuffix}";
}
