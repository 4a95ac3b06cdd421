namespace TokenRefresh.ProcessTests;

/// <summary>
/// A copy of the child program that every user may run: the tests may lie below a directory that only their own user enters, as root's home and what <c>mktemp -d</c> makes.
/// </summary>
internal static class ReachableTestProgram
{
    private const UnixFileMode EveryoneReads = (UnixFileMode)0b111_101_101;

    private static readonly Lazy<string> Copy = new(MakeCopy);

    /// <summary>Gets the path of the program. The copy is made at the first call and deleted when this process ends.</summary>
    internal static string Path => Copy.Value;

    private static string MakeCopy()
    {
        string source = System.IO.Path.GetDirectoryName(TestProgram.Path)!;
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

        return System.IO.Path.Combine(copy, System.IO.Path.GetFileName(TestProgram.Path));
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
