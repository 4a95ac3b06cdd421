using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>
/// A store that knows whether a lease is out, and does not take it back before what must come later has had its chance to come too early.
/// </summary>
internal sealed class ReleaseObservingStore(ICredentialsStore inner, Task tooEarly) : StoreDecorator(inner)
{
    private readonly Task _tooEarly = tooEarly;
    private volatile bool _isLeaseOut;

    public bool IsLeaseOut => _isLeaseOut;

    public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ICredentialsLease? lease = await base.AcquireLeaseAsync(timeout, cancellationToken);
        _isLeaseOut = lease is not null;
        return lease;
    }

    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(this, lease);

    private sealed class Lease(ReleaseObservingStore store, ICredentialsLease lease) : LeaseDecorator(lease)
    {
        public override async ValueTask DisposeAsync()
        {
            await Task.WhenAny(store._tooEarly, Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System));
            store._isLeaseOut = false;
            await base.DisposeAsync();
        }
    }
}
