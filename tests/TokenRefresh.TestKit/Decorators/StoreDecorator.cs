namespace TokenRefresh.TestKit;

/// <summary>A store that passes everything on; tests override what they interfere with.</summary>
internal abstract class StoreDecorator(ICredentialsStore inner) : ICredentialsStore, IDisposable
{
    public string Location => Inner.Location;

    public string LockPath => Inner.LockPath;

    protected ICredentialsStore Inner { get; } = inner;

    public virtual ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        Inner.ReadAsync(cancellationToken);

    public virtual ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        Inner.ReadRecordAsync(cancellationToken);

    public virtual ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) =>
        Inner.ReadHolderAsync(cancellationToken);

    public virtual async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        await Inner.AcquireLeaseAsync(timeout, cancellationToken) is { } lease ? Wrap(lease) : null;

    public virtual ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) =>
        Inner.AcquireSignInLeaseAsync(cancellationToken);

    public virtual Task WaitForChangeAsync(CancellationToken cancellationToken = default) => Inner.WaitForChangeAsync(cancellationToken);

    public void Dispose() => (Inner as IDisposable)?.Dispose();

    protected virtual ICredentialsLease Wrap(ICredentialsLease lease) => lease;
}
