using Microsoft.Extensions.Logging;

namespace TokenRefresh.Keychain;

/// <summary>Every log message of the keychain's store. None has a parameter that could hold a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(
        8000, LogLevel.Warning,
        "There is no keychain for {Item}: the login is kept in '{Path}', unprotected but for the file's mode, as 'FallbackPath' says")]
    internal static partial void FileUsed(ILogger logger, string item, string path);

    [LoggerMessage(
        8001, LogLevel.Warning,
        "The login was saved to {Item}, but '{Path}' could not be written: other processes see the change a little later")]
    internal static partial void MarkNotWritten(ILogger logger, string item, string path, Exception exception);

    [LoggerMessage(
        8002, LogLevel.Warning,
        "A write to {Item} has not ended within its time limit; the lock '{Lock}' is kept until it has")]
    internal static partial void LockKept(ILogger logger, string item, string @lock);
}
