using Microsoft.Extensions.Logging;
using TokenRefresh.Interop;
using TokenRefresh.Locking;
using TokenRefresh.Stores;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Stores of a <see cref="SharedLogin"/>.</summary>
internal static class SharedLoginStores
{
    /// <summary>
    /// Makes a file store on the login's file, for a decorator or with a file system that fails. The caller disposes it after the
    /// provider's last use.
    /// </summary>
    internal static FileCredentialsStore CreateStore(
        this SharedLogin login,
        IFileOperations? files = null,
        TimeProvider? time = null,
        SharedFileLocks? locks = null,
        ILogger? logger = null) =>
        new(
            new(login.Path, CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5)),
            time ?? TimeProvider.System,
            files,
            logger,
            locks);
}
