namespace TokenRefresh.ProcessTests;

/// <summary>A copy of a program that every user may run, deleted when this process ends.</summary>
internal static class ProgramCopy
{
    private const UnixFileMode EveryoneReads = (UnixFileMode)0b111_101_101;

    /// <summary>Copies the program with the files beside it.</summary>
    /// <param name="program">The path of its assembly.</param>
    /// <returns>The path of the copied assembly.</returns>
    internal static string Make(string program)
    {
        string source = Path.GetDirectoryName(program)!;
        string copy = Directory.CreateTempSubdirectory("tokenrefresh-program-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(copy, recursive: true);
        OpenToEveryone(copy);
        foreach (string directory in Directory.EnumerateDirectories(source, "*", SearchOption.AllDirectories))
        {
            OpenToEveryone(Directory.CreateDirectory(directory.Replace(source, copy, StringComparison.Ordinal)).FullName);
        }

        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = file.Replace(source, copy, StringComparison.Ordinal);
            File.Copy(file, target);
            OpenToEveryone(target);
        }

        return Path.Combine(copy, Path.GetFileName(program));
    }

    // Whatever the umask and the modes of the build.
    private static void OpenToEveryone(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, EveryoneReads);
        }
    }
}
