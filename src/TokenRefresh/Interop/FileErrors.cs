namespace TokenRefresh.Interop;

/// <summary>Tells errors of the file system that pass from those that stay.</summary>
internal static class FileErrors
{
    /// <summary>What helps where <see cref="IsExhausted(Exception?)"/>.</summary>
    internal const string ExhaustedRemedy = "This passes: close files, or raise the limit of open ones, and try again.";

    private const int ENFile = 23;
    private const int EMFile = 24;
    private const int TooManyOpenFiles = 4;
    private const int NoSystemResources = 1450;
    private const int SharingViolation = 32;
    private const int LockViolation = 33;
    private const int UnableToRemoveReplaced = 1175;
    private const int UnableToMoveReplacement = 1177;

    /// <summary>Whether this process, or the system, has no file descriptor left.</summary>
    internal static bool IsExhausted(Exception? error) => error is IOException && IsExhausted(error.HResult & 0xFFFF);

    /// <inheritdoc cref="IsExhausted(Exception?)"/>
    internal static bool IsExhausted(int error) =>
        OperatingSystem.IsWindows() ? error is TooManyOpenFiles or NoSystemResources : error is ENFile or EMFile;

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
