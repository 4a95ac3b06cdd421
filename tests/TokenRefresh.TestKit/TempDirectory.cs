namespace TokenRefresh.TestKit;

/// <summary>A directory of one test's own; disposal deletes it with all that is in it.</summary>
public sealed class TempDirectory : IDisposable
{
    /// <summary>Gets the full path. Only this user may enter it.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("tokenrefresh-").FullName;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!OperatingSystem.IsWindows())
        {
            // A test may have taken the right to delete its files away.
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Directory.Delete(Path, recursive: true);
    }
}
