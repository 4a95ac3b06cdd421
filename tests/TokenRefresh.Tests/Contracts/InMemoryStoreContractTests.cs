namespace TokenRefresh.Tests.Contracts;

/// <summary>What every store must do, of the store in memory, whose medium is the instance itself.</summary>
public sealed class InMemoryStoreContractTests : CredentialsStoreConformanceTests
{
    private readonly InMemoryCredentialsStore _store = new();

    protected override bool IsSharedByProcesses => false;

    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) => new(_store);
}
