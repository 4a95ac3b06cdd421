using TokenRefresh.Stores;

namespace TokenRefresh.Tests.Contracts;

/// <summary>What every store must do, of the file store whose leases hold the locks of other programs too.</summary>
public sealed class CompatibleLocksStoreContractTests : FileStoreContractTests
{
    protected override ValueTask<ICredentialsStore> CreateStoreAsync() =>
        new(new CompatibleLocksStore(NewStore(), [new(".oauth_refresh.lock"), new("auth.lock") { Kind = CompatibleLockKind.File }]));
}
