using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>The file store with a checkpoint.</summary>
internal sealed class CheckpointStore(TokenRefreshOptions options, Checkpoint checkpoint) : StoreDecorator(new FileCredentialsStore(
    new CredentialsFileSettings(
        CredentialsPath.Resolve(options.CredentialsPath!),
        options.FileFormat,
        options.LockPath,
        options.AllowUnreliableLock,
        options.SaveTimeout),
    TimeProvider.System,
    new CheckpointFileOperations(checkpoint)))
{
    public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ICredentialsLease? lease = await base.AcquireLeaseAsync(timeout, cancellationToken);
        if (lease is not null)
        {
            await checkpoint.ReachAsync(Checkpoint.Lease);
        }

        return lease;
    }

    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new CheckpointLease((FileCredentialsLease)lease, checkpoint);
}
