using TokenRefresh.Keychain;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Checks;

/// <summary>Looks at the keychain, the item and the lock beside it.</summary>
internal static class KeychainChecks
{
    internal static async Task<IReadOnlyList<Finding>> LookAsync(KeychainCredentialsStore store)
    {
        try
        {
            OAuthCredentials? login = await store.ReadAsync().ConfigureAwait(false);
            Finding item = login is null
                ? Finding.Note("keychain", $"It can be read, and has no {store.Location} with a login.", "Run 'token-refresh login'.")
                : Finding.Fine("keychain", $"The {store.Location} can be read.");
            return [item, await LockAsync(store).ConfigureAwait(false)];
        }
        catch (CredentialsFileException e)
        {
            return [await OfFailureAsync(store, e).ConfigureAwait(false)];
        }
    }

    // Another item is written, read and deleted, as before the first refresh of each process.
    private static async Task<Finding> LockAsync(KeychainCredentialsStore store)
    {
        try
        {
            ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero).ConfigureAwait(false);
            if (lease is null)
            {
                return Finding.Fine("lock", $"'{store.LockPath}' is held now.");
            }

            await using (lease.ConfigureAwait(false))
            {
                await lease.PrepareAsync().ConfigureAwait(false);
            }

            return Finding.Fine("lock", $"Items can be written, and the lock '{store.LockPath}' excludes others.");
        }
        catch (LockUnavailableException e)
        {
            return Finding.OfMessage("lock", e.Message, StoreKind.Keychain);
        }
        catch (CredentialsFileException e)
        {
            return await OfFailureAsync(store, e).ConfigureAwait(false);
        }
    }

    private static async Task<Finding> OfFailureAsync(KeychainCredentialsStore store, CredentialsFileException failure)
    {
        if (failure.InnerException is not KeychainException e)
        {
            return Finding.OfMessage("keychain", failure.Message, StoreKind.Keychain);
        }

        if (e.Failure == KeychainFailure.TimedOut
            && await FindServiceAsync(store).ConfigureAwait(false) is { } process
            && LoginChecks.IsStopped(process))
        {
            return Finding.Problem(
                "keychain", $"Its service, process {process}, is stopped, and answers no one.",
                $"Run 'kill -CONT {process}', or end that process.");
        }

        return Finding.OfMessage("keychain", e.Message, StoreKind.Keychain);
    }

    // The bus itself may be stopped.
    private static async Task<int?> FindServiceAsync(KeychainCredentialsStore store)
    {
        using var limit = new CancellationTokenSource(store.Options.ReadTimeout, TimeProvider.System);
        try
        {
            return await store.FindServiceAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
