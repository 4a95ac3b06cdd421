namespace TokenRefresh.Tests.Validation;

/// <summary>A store that fails the test that uses it; being there is all that is asked of it.</summary>
internal sealed class UnusedStore : ICredentialsStore, IDisposable
{
    public string Location => "unused store";

    public string LockPath => "unused lock";

    public int Disposals { get; private set; }

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => throw Unexpected();

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) => throw Unexpected();

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => throw Unexpected();

    public ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        throw Unexpected();

    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) => throw Unexpected();

    public void Dispose() => Disposals++;

    private static InvalidOperationException Unexpected() => new("No one was expected to use this store.");
}
