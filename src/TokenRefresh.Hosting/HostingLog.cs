using Microsoft.Extensions.Logging;

namespace TokenRefresh.Hosting;

/// <summary>What the package logs. No message has a secret.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(3001, LogLevel.Warning, "{Problem}")]
    internal static partial void NotKept(ILogger logger, string problem);

    // A warning too: it ends one.
    [LoggerMessage(3002, LogLevel.Warning, "The login is usable again.")]
    internal static partial void KeptAgain(ILogger logger);

    [LoggerMessage(3003, LogLevel.Error, "Keeping the login fresh failed, and is tried again in {Pause}.")]
    internal static partial void KeeperFailed(ILogger logger, TimeSpan pause, Exception exception);
}
