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

    // As Windows' ReplaceFile and rename answer: 1175, 1176, 1177, and 1224 while the file is mapped into a program's memory.
    private const int UnableToRemoveReplaced = unchecked((int)0x8007_0497);
    private const int UnableToMoveReplacement = unchecked((int)0x8007_0499);
    private const int UserMappedFile = unchecked((int)0x8007_04C8);

    /// <summary>Whether this process, or the system, has no file descriptor left.</summary>
    internal static bool IsExhausted(Exception? error) => error is IOException && IsExhausted(error.HResult & 0xFFFF);

    /// <inheritdoc cref="IsExhausted(Exception?)"/>
    internal static bool IsExhausted(int error) =>
        OperatingSystem.IsWindows() ? error is TooManyOpenFiles or NoSystemResources : error is ENFile or EMFile;

    /// <summary>Makes the error of a lock that cannot be had or read, with the remedy for its cause.</summary>
    internal static LockUnavailableException LockUnavailable(string what, Exception cause, string remedy) =>
        new($"{what}: {cause.Message} Nothing was sent. {(IsExhausted(cause) ? ExhaustedRemedy : remedy)}", cause)
        {
            IsTransient = IsExhausted(cause),
        };

    /// <summary>Whether a file on Windows could not be replaced because another program has it open; of that the system also says that
    /// access is denied.</summary>
    internal static bool IsInUse(Exception error) =>
        SharingViolation.Is(error)
        || error is IOException { HResult: (>= UnableToRemoveReplaced and <= UnableToMoveReplacement) or UserMappedFile }
        || (error is UnauthorizedAccessException && OperatingSystem.IsWindows());
}
