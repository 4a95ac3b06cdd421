using TokenRefresh.Stores;

namespace TokenRefresh.Tests.Contracts;

/// <summary>What every store must do, of the file store whose leases hold the locks of other programs too.</summary>
public sealed class CompatibleLocksStoreContractTests : FileStoreContractTests
{
    // Those of a killed process are left over, and not believed within the minute that a test waits for a lease by its clock.
    private static readonly CompatibleLock Directory = new(".oauth_refresh.lock")
    {
        StaleAfter = TimeSpan.FromSeconds(10),
        HeartbeatInterval = TimeSpan.FromSeconds(1),
    };

    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) =>
        new(new CompatibleLocksStore(NewStore(medium), [Directory, new("auth.lock") { Kind = CompatibleLockKind.File }]));
}
