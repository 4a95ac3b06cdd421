using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Interop;
using TokenRefresh.Locking;
using TokenRefresh.Provider;
using TokenRefresh.Stores;

namespace TokenRefresh.Tool.Checks;

/// <summary>
/// Looks at the locks that other programs take: those of the profile, or else those of Claude Code where there are any. Where they are,
/// and how old a left-over one is, the library decides.
/// </summary>
internal static class OwnerLockChecks
{
    private const string Check = "owner's lock";

    internal static IEnumerable<Finding> Look(TokenRefreshOptions options, TimeProvider time)
    {
        FileOperations files = FileOperations.Default;
        string directory = Path.GetDirectoryName(CredentialsPath.Resolve(options.CredentialsPath!))!;
        string realDirectory = files.Resolve(directory);
        foreach (CompatibleLock item in options.CompatibleLocks ?? CompatibleLock.ClaudeCode)
        {
            string path = item.ResolvePath(directory, realDirectory);
            if (files.IdentifyEntry(path) is not { } there)
            {
                continue;
            }

            bool mustBeDirectory = item.Kind == CompatibleLockKind.Directory;
            if (there.IsDirectory != mustBeDirectory)
            {
                yield return Finding.Problem(
                    Check,
                    $"'{path}' is {(mustBeDirectory ? "no directory" : "a directory")}, so the lock that belongs there cannot be had.",
                    "Move it away, or correct 'compatibleLocks'.");
            }
            else if (mustBeDirectory)
            {
                yield return LockDirectory.LooksLeftOver(there, item, time.GetUtcNow())
                    ? Finding.Problem(
                        Check,
                        $"'{path}' was left by a program that ended without removing it, or whose clock was wrong, "
                        + "and keeps others waiting.",
                        $"End programs that use the login, and run 'rmdir {Words.Argument(path)}'.") with
                    {
                        Fix = () => RemoveAsync(options, item, path, time),
                    }
                    : Finding.Note(Check, $"'{path}' is held by another program.");
            }
        }
    }

    // As a refresh does: under the refresh lock, and only if no one renews it meanwhile.
    private static async Task<string> RemoveAsync(TokenRefreshOptions options, CompatibleLock item, string path, TimeProvider time)
    {
        using FileCredentialsStore file = ProviderParts.CreateFileStore(options, time, NullLogger.Instance);
        var store = new CompatibleLocksStore(file, [item]);
        ICredentialsLease? lease = await store.AcquireLeaseAsync(options.LockTimeout).ConfigureAwait(false);
        if (lease is null)
        {
            return $"left '{path}', which was renewed meanwhile, or a refresh kept its own lock for too long";
        }

        await lease.DisposeAsync().ConfigureAwait(false);
        return $"removed '{path}'";
    }
}
