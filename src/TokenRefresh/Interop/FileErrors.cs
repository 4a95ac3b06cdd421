namespace TokenRefresh.Interop;

/// <summary>Tells errors of the file system that pass from those that stay.</summary>
internal static class FileErrors
{
    private const int SharingViolation = 32;
    private const int LockViolation = 33;
    private const int UnableToRemoveReplaced = 1175;
    private const int UnableToMoveReplacement = 1177;

    /// <summary>Whether another program on Windows has the file open without sharing it: a virus scanner or an indexer, which lets go
    /// soon.</summary>
    internal static bool IsSharingViolation(Exception? error) =>
        OperatingSystem.IsWindows() && error is IOException && (error.HResult & 0xFFFF) is SharingViolation or LockViolation;

    /// <summary>Whether a file on Windows could not be replaced because another program has it open; of that the system also says that
    /// access is denied.</summary>
    internal static bool IsInUse(Exception error) =>
        IsSharingViolation(error)
        || (OperatingSystem.IsWindows()
            && (error is UnauthorizedAccessException
                || (error.HResult & 0xFFFF) is >= UnableToRemoveReplaced and <= UnableToMoveReplacement));
}
