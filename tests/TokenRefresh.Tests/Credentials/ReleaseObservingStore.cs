namespace TokenRefresh.Tests.Credentials;

/// <summary>A store that knows whether a lease is out, and does not take it back before what must come later has had its chance to come too early.</summary>
internal sealed class ReleaseObservingStore(ICredentialsStore inner, Task tooEarly) : ICredentialsStore, IDisposable
{
    private readonly Task _tooEarly = tooEarly;
    private volatile bool _isLeaseOut;

    public bool IsLeaseOut => _isLeaseOut;

    public string Location => inner.Location;

    public string LockLocation => inner.LockLocation;

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) => inner.ReadRecordAsync(cancellationToken);

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => inner.ReadHolderAsync(cancellationToken);

    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) => inner.WaitForChangeAsync(cancellationToken);

    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ICredentialsLease? lease = await inner.AcquireLeaseAsync(timeout, cancellationToken);
        _isLeaseOut = lease is not null;
        return lease is null ? null : new Lease(this, lease);
    }

    public void Dispose() => (inner as IDisposable)?.Dispose();

    private sealed class Lease(ReleaseObservingStore store, ICredentialsLease lease) : ICredentialsLease
    {
        public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => lease.ReadAsync(cancellationToken);

        public ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) => lease.PrepareAsync(cancellationToken);

        public ValueTask<CredentialsCommit> CommitAsync(OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) => lease.CommitAsync(expected, next, cancellationToken);

        public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) => lease.WriteRecordAsync(record, durable, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await Task.WhenAny(store._tooEarly, Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System));
            store._isLeaseOut = false;
            await lease.DisposeAsync();
        }
    }
}
