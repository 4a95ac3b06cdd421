using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>A lease with a checkpoint.</summary>
internal sealed class CheckpointLease(FileCredentialsLease lease, Checkpoint checkpoint) : LeaseDecorator(lease)
{
    public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        OAuthCredentials? read = await base.ReadAsync(cancellationToken);
        await checkpoint.ReachAsync(Checkpoint.ReRead);
        return read;
    }

    public override async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        bool isReady = await base.PrepareAsync(cancellationToken);
        await checkpoint.ReachAsync(Checkpoint.Prepare);
        return isReady;
    }

    public override async ValueTask WriteRecordAsync(
        ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
    {
        await base.WriteRecordAsync(record, durable, cancellationToken);
        if (durable)
        {
            // The first flushed one of a refresh is the attempt's, and its body waits for it.
            await checkpoint.ReachAsync(Checkpoint.Journal);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await checkpoint.ReachAsync(Checkpoint.Release);
        await base.DisposeAsync();
    }
}
