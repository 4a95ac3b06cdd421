using System.Diagnostics;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>A store that takes the time from each acquisition of the lock to its release.</summary>
internal sealed class LeaseTimer(ICredentialsStore inner) : StoreDecorator(inner)
{
    /// <summary>Gets how long the last lease was held, its acquisition and release included.</summary>
    internal TimeSpan LastHeld { get; private set; }

    public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        ICredentialsLease? lease = await Inner.AcquireLeaseAsync(timeout, cancellationToken);
        return lease is null ? null : new Lease(lease, () => LastHeld = Stopwatch.GetElapsedTime(start));
    }

    private sealed class Lease(ICredentialsLease inner, Action onReleased) : LeaseDecorator(inner)
    {
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            onReleased();
        }
    }
}
