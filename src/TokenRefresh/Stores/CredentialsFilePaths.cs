using System.Buffers;
using TokenRefresh.Interop;

namespace TokenRefresh.Stores;

/// <summary>Where a credentials file really is, and which lock belongs to it.</summary>
internal readonly record struct CredentialsFilePaths(string Target, string LockPath)
{
    // Never the file itself: the save renames over it, and flock stays with the old inode. Never ".lock": npm's lock protocol makes a directory of that name, and a file there breaks it for ever.
    internal const string LockSuffix = ".tokenrefresh.lock";
    internal const string TempSuffix = ".tokenrefresh.tmp";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    internal string Directory => Path.GetDirectoryName(Target)!;

    internal string TempPrefix => Path.GetFileName(Target) + ".";

    /// <exception cref="CredentialsFileException">A link leads in a circle, or through a directory that may not be read.</exception>
    internal static CredentialsFilePaths Locate(IFileOperations files, CredentialsFileSettings settings)
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

    /// <summary>Whether a file beside the target is a probe for it, and not one for a neighbour whose name begins with ours.</summary>
    internal bool IsTemp(string path) => MiddleOf(path, TempSuffix) is { } middle && middle.IndexOf('.', StringComparison.Ordinal) is > 0 and int dot
        && middle.AsSpan(0, dot).IndexOfAnyExceptInRange('0', '9') < 0 && IsHex(middle.AsSpan(dot + 1));

    /// <summary>Whether it is a stash for it.</summary>
    internal bool IsStash(string path) => MiddleOf(path, CredentialsStash.Suffix) is { } middle && IsHex(middle);

    // Unique per process and attempt: two writers that shared a name would rename each other's half file.
    internal string NewTempPath() => $"{Target}.{Environment.ProcessId}.{Guid.NewGuid():N}{TempSuffix}";

    private static bool IsHex(ReadOnlySpan<char> text) => text.Length == 32 && text.IndexOfAnyExcept(HexDigits) < 0;

    private string? MiddleOf(string path, string suffix)
    {
        string name = Path.GetFileName(path);
        return name.Length > TempPrefix.Length + suffix.Length && name.StartsWith(TempPrefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal)
            ? name[TempPrefix.Length..^suffix.Length]
            : null;
    }
}
