using System.Globalization;
using System.Text;
using TokenRefresh.Interop;
using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>Where a credentials file really is, and which lock and temp files belong to it.</summary>
internal sealed class CredentialsFilePaths(string target, string lockPath)
{
    // Never the file itself: the save renames over it, and flock stays with the old inode. Never ".lock": npm's lock protocol makes a
    // directory of that name, and a file there breaks it.
    internal const string LockSuffix = ".tokenrefresh.lock";
    internal const string TempSuffix = ".tokenrefresh.tmp";

    // NAME_MAX of Linux and macOS, in bytes. What a temp file's name adds to the prefix: process id, dot, 32 hexadecimal digits and the
    // suffix.
    private const int LongestName = 255;
    private const int LongestTempEnding = 10 + 1 + 32 + 17;

    // "damaged-20261127T101500Z", and a number where that is taken.
    private const int LongestDamagedEnding = 24 + 4;

    internal readonly string Target = target;

    internal readonly string LockPath = lockPath;

    internal readonly string Directory = Path.GetDirectoryName(target)!;

    /// <summary>Gets the lock of sign-ins. Another one than that of refreshes, which is held for seconds and not for minutes.</summary>
    internal string SignInLockPath => Path.ChangeExtension(LockPath, ".signin" + Path.GetExtension(LockPath));

    private string TempPrefix => PrefixOf(Path.GetFileName(Target), LongestTempEnding);

    /// <exception cref="CredentialsFileException">A link leads in a circle, or through a directory that may not be read.</exception>
    internal static CredentialsFilePaths Resolve(IFileOperations files, CredentialsFileSettings settings)
    {
        try
        {
            string target = files.Resolve(settings.Path);
            return new(target, settings.LockPath ?? target + LockSuffix);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsFileException(
                settings.Path,
                $"The credentials path '{settings.Path}' cannot be followed: {e.Message} "
                + "Fix the link, grant this user access to its directories, or correct 'CredentialsPath'.",
                e);
        }
    }

    internal bool IsSame(CredentialsFilePaths other) => Target == other.Target && LockPath == other.LockPath;

    // Unique per process and attempt: two writers that shared a name would rename each other's half file.
    internal string NewTempPath() => Path.Combine(Directory, $"{TempPrefix}{Environment.ProcessId}.{Guid.NewGuid():N}{TempSuffix}");

    /// <summary>Lists the temp files beside the target, and not those of a neighbor whose name begins with its name.</summary>
    internal List<string> FindTempFiles(IFileOperations files)
    {
        string prefix = TempPrefix;
        List<string> found = [];
        foreach (string path in files.List(Directory, prefix))
        {
            ReadOnlySpan<char> ending = Path.GetFileName(path.AsSpan())[prefix.Length..];
            int dot = ending.IndexOf('.');
            if (dot > 0
                && uint.TryParse(ending[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out _)
                && ending.Length == dot + 1 + 32 + TempSuffix.Length
                && ending.EndsWith(TempSuffix, StringComparison.Ordinal)
                && Guid.TryParseExact(ending.Slice(dot + 1, 32), "N", out _))
            {
                found.Add(path);
            }
        }

        return found;
    }

    /// <summary>Makes a name for a damaged file that no file beside the target has. Under the lock it stays free.</summary>
    internal string NewDamagedPath(IFileOperations files, DateTimeOffset now)
    {
        string name = PrefixOf(Path.GetFileName(Target), LongestDamagedEnding)
            + now.UtcDateTime.ToString("'damaged-'yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string free = name;
        for (var number = 2; files.List(Directory, free).Any(path => Path.GetFileName(path) == free); number++)
        {
            free = $"{name}-{number}";
        }

        return Path.Combine(Directory, free);
    }

    // The name itself where there is room behind it, otherwise its beginning and a hash of it.
    private static string PrefixOf(string name, int longestEnding)
    {
        int room = LongestName - longestEnding - 1;
        if (name.Length * 3 <= room || Encoding.UTF8.GetByteCount(name) <= room)
        {
            return name + ".";
        }

        ulong hash = LockFileFormat.HashOf(Encoding.UTF8.GetBytes(name));
        int length = name.Length;
        while (Encoding.UTF8.GetByteCount(name.AsSpan(0, length)) > room - 17 || char.IsHighSurrogate(name[length - 1]))
        {
            length--;
        }

        return $"{name[..length]}~{hash:x16}.";
    }
}
