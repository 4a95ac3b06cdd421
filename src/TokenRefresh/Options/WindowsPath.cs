namespace TokenRefresh;

/// <summary>What Windows reads into the text of a path.</summary>
internal static class WindowsPath
{
    private const string Extended = @"\\?\";
    private const string ExtendedShare = @"\\?\UNC\";

    /// <summary>Looks for what makes a path no file's: a device, a pipe, or a stream of a file.</summary>
    /// <returns>What it is and how it is put right, as the end of a sentence about the path; or <see langword="null"/>.</returns>
    internal static string? FindProblem(string path)
    {
        string text = path.Replace('/', '\\');
        string[] names = NamesOf(text, out bool isDevice);
        for (var i = 0; i < names.Length && !isDevice; i++)
        {
            // Windows takes 'NUL.json' for the device too, but only as the last name: there are directories of such names.
            bool isLast = i == names.Length - 1;
            if (IsDeviceName(isLast ? names[i].Split('.', ':')[0] : names[i]))
            {
                isDevice = true;
            }
            else if (names[i].Contains(':', StringComparison.Ordinal))
            {
                return "has a ':' in a name, which on Windows is a stream of a file and not a file. Take the ':' out.";
            }
        }

        return isDevice ? "is a device or a pipe on Windows, and not a file. Name a file, such as '~/.claude/.credentials.json'." : null;
    }

    /// <summary>Whether a path leads to another computer.</summary>
    internal static bool IsRemote(string path) =>
        path.StartsWith(ExtendedShare, StringComparison.OrdinalIgnoreCase)
        || (path.StartsWith(@"\\", StringComparison.Ordinal) && path.Length > 2 && path[2] is not ('?' or '.'));

    /// <summary>Writes a full path so that Windows takes it as it is, at any length.</summary>
    internal static string ToExtended(string path) =>
        path.StartsWith(Extended, StringComparison.Ordinal) || path.StartsWith(@"\\.\", StringComparison.Ordinal) ? path
        : path.StartsWith(@"\\", StringComparison.Ordinal) ? ExtendedShare + path[2..]
        : Extended + path;

    /// <summary>Writes a path that <see cref="ToExtended"/> or the system has written as programs and users do.</summary>
    internal static string FromExtended(string path) =>
        path.StartsWith(ExtendedShare, StringComparison.OrdinalIgnoreCase) ? @"\\" + path[ExtendedShare.Length..]
        : path.StartsWith(Extended, StringComparison.Ordinal) && path.Length > 5 && path[5] == ':' ? path[Extended.Length..]
        : path;

    // The names behind the drive, the volume or the share.
    private static string[] NamesOf(string text, out bool isDevice)
    {
        bool isRemote = IsRemote(text);
        bool isExtended = !isRemote && text.StartsWith(Extended, StringComparison.Ordinal);
        string rest = isRemote ? FromExtended(text) : isExtended ? text[Extended.Length..] : text;
        bool hasDrive = rest.Length > 1 && rest[1] == ':' && char.IsAsciiLetter(rest[0]);
        string[] names = (hasDrive ? rest[2..] : rest).Split('\\', StringSplitOptions.RemoveEmptyEntries);

        // '\\.\COM1', and '\\?\' before anything but a drive or a volume; '\\server\pipe\name'.
        isDevice = (!isRemote && text.StartsWith(@"\\", StringComparison.Ordinal) && !hasDrive
                && !(isExtended && rest.StartsWith("Volume{", StringComparison.OrdinalIgnoreCase)))
            || text.StartsWith(@"\\.\", StringComparison.Ordinal)
            || (isRemote && names.Length > 1 && names[1].ToUpperInvariant() is "PIPE" or "MAILSLOT");
        return isRemote ? names[Math.Min(2, names.Length)..] : names;
    }

    private static bool IsDeviceName(string name)
    {
        string device = name.TrimEnd(' ', '.').ToUpperInvariant();
        return device is "CON" or "PRN" or "AUX" or "NUL" or "CONIN$" or "CONOUT$"
            || (device is ['C', 'O', 'M', _] or ['L', 'P', 'T', _] && "123456789¹²³".Contains(device[3], StringComparison.Ordinal));
    }
}
