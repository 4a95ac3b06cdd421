using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Does something once, between a provider's first look and its lease.</summary>
internal sealed class InterruptedStore(ICredentialsStore inner, Func<Task> beforeFirstLease) : StoreDecorator(inner)
{
    private int _leases;

    public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Increment(ref _leases) == 1)
        {
            await beforeFirstLease();
        }

        return await base.AcquireLeaseAsync(timeout, cancellationToken);
    }
}
