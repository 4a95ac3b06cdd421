using TokenRefresh.Interop;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Checks;

/// <summary>Looks at the credentials file, its directory, and what lies beside it.</summary>
internal static class FileChecks
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    internal static IEnumerable<Finding> Look(string path)
    {
        string target = path;
        if (new FileInfo(path).LinkTarget is not null && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } link)
        {
            target = link.FullName;
            yield return Finding.Note("link", $"'{path}' is a link to '{target}', which is kept.");
        }

        if (Directory.Exists(target))
        {
            yield return Finding.Problem("file", $"'{target}' is a directory.", "Correct 'credentialsPath' to the file.");
            yield break;
        }

        if (!File.Exists(target))
        {
            yield return Finding.Note(
                "file", $"There is no '{target}', or this user may not enter its directory.", "Run 'token-refresh login'.");
        }
        else
        {
            yield return Mode("file", target, "is for tokens");
        }

        string directory = Path.GetDirectoryName(target)!;
        if (!Directory.Exists(directory))
        {
            yield return Finding.Note("directory", $"There is no '{directory}'; a sign-in makes it.");
            yield break;
        }

        yield return FileSystem(directory);
        yield return SelfTest(directory);
        if (!OperatingSystem.IsWindows() && UnixFile.IsMountPoint(target))
        {
            yield return Finding.Problem(
                "mount",
                $"'{target}' is mounted by itself: it can only be overwritten in place, and its lock is not shared with the outside.",
                "Mount its directory in place of the file.");
        }

        foreach (Finding finding in Neighbors(target, directory))
        {
            yield return finding;
        }
    }

    /// <summary>Looks at the files that hold secrets of the profile's own.</summary>
    internal static IEnumerable<Finding> LookAtSecrets(Profile profile)
    {
        string text = File.Exists(profile.File) ? File.ReadAllText(profile.File) : "";
        if (text.Contains("clientSecret", StringComparison.OrdinalIgnoreCase))
        {
            yield return Mode("configuration", profile.File, "holds a client secret");
        }
        else if (text.Contains("\"postgresConnection\"", StringComparison.OrdinalIgnoreCase))
        {
            yield return Mode("configuration", profile.File, "holds a connection string");
        }

        if (profile.Store is { Kind: StoreKind.Postgres, PostgresConnectionFile: { } path }
            && CredentialsPath.Resolve(path) is var connection
            && File.Exists(connection))
        {
            yield return Mode("connection", connection, "holds a connection string");
        }
    }

    private static Finding Mode(string check, string path, string what)
    {
        if (OperatingSystem.IsWindows())
        {
            return Finding.Fine(check, $"'{path}' {what}.");
        }

        UnixFileMode mode = File.GetUnixFileMode(path);
        string shown = Convert.ToString((int)mode, 8).PadLeft(4, '0');
        if ((mode & Others) != UnixFileMode.None)
        {
            return Finding.Problem(
                check, $"'{path}' {what}, and every user can reach it (mode {shown}).", $"Run 'chmod o= {Words.Argument(path)}'.") with
            {
                Fix = () => TakeFromOthersAsync(path, mode),
            };
        }

        if ((mode & UnixFileMode.UserRead) == UnixFileMode.None)
        {
            return Finding.Problem(
                check, $"'{path}' {what}, and its owner may not read it (mode {shown}).", $"Run 'chmod u+rw {Words.Argument(path)}'.");
        }

        return (mode & Group) != UnixFileMode.None
            ? Finding.Note(check, $"'{path}' {what} and is a group's (mode {shown}), which saves keep.")
            : Finding.Fine(check, $"'{path}' {what} and is its owner's alone (mode {shown}).");
    }

    private static Task<string> TakeFromOthersAsync(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode & ~Others);
        }

        return Task.FromResult($"took '{path}' away from other users");
    }

    private static Finding FileSystem(string directory) =>
        !OperatingSystem.IsWindows() && UnixFile.FindDoubtfulFormat(directory) is { } format
        ? Finding.Problem(
            "file system",
            $"'{directory}' is on '{format}': its locks may hold for this machine alone, and others would refresh at the same time.",
            "Keep the file on a local file system, or let one machine alone refresh it.")
        : Finding.Fine("file system", $"'{directory}' is on '{new DriveInfo(directory).DriveFormat}'.");

    // With a file of its own: that of the library may be held right now. The framework locks by flock or by sharing modes.
    private static Finding SelfTest(string directory)
    {
        string trial = Path.Combine(directory, $".token-refresh-doctor.{Guid.NewGuid():N}");
        try
        {
            using var first = new FileStream(
                trial, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            try
            {
                using var second = new FileStream(trial, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
                return Finding.Problem(
                    "lock", $"A lock in '{directory}' excludes no one.", "Keep the file on a local file system, or set 'lockPath' to one.");
            }
            catch (IOException)
            {
                return Finding.Fine("lock", $"'{directory}' can be written, and a lock there excludes others.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Problem(
                "directory",
                $"'{directory}' cannot be written, so new tokens could not be saved, and nothing is refreshed: "
                + (e is UnauthorizedAccessException ? "permission denied." : e.Message),
                "Give this user write access to it; a login that others refresh can be read all the same.");
        }
    }

    private static IEnumerable<Finding> Neighbors(string target, string directory)
    {
        string name = Path.GetFileName(target);
        int temporary = Directory.GetFiles(directory, $"{name}*.tokenrefresh.tmp").Length;
        if (temporary > 0)
        {
            yield return Finding.Note(
                "left-overs",
                $"{temporary} temp files of saves lie in '{directory}'. One that is in use may hold the newest tokens.",
                "Leave them: the next refresh removes those that are not in use.");
        }

        foreach (string damaged in Directory.GetFiles(directory, $"{name}.damaged-*"))
        {
            yield return Finding.Note(
                "left-overs", $"'{damaged}' held no JSON at a sign-in, and may hold tokens.", "Delete it once it is not needed.");
        }
    }
}
