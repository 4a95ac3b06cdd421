namespace TokenRefresh.Tests.Contracts;

/// <summary>What every store must do, of the store in memory, whose medium is the instance itself.</summary>
public sealed class InMemoryStoreContractTests : CredentialsLeaseContract
{
    private InMemoryCredentialsStore? _store;

    protected override ValueTask<ICredentialsStore> CreateStoreAsync() => new(_store ??= new InMemoryCredentialsStore(timeProvider: Time));
}
