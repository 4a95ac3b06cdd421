using TokenRefresh.Credentials;

namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>A lease with a checkpoint.</summary>
internal sealed class CheckpointLease(FileCredentialsLease lease, Checkpoint checkpoint) : ICredentialsLease, IPairStash
{
    public async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        OAuthCredentials? read = await lease.ReadAsync(cancellationToken);
        await checkpoint.ReachAsync(Checkpoint.ReRead);
        return read;
    }

    public async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        bool isReady = await lease.PrepareAsync(cancellationToken);
        await checkpoint.ReachAsync(Checkpoint.Probe);
        return isReady;
    }

    public ValueTask<CredentialsCommit> CommitAsync(OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) => lease.CommitAsync(expected, next, cancellationToken);

    public async ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
    {
        await lease.WriteRecordAsync(record, durable, cancellationToken);
        if (durable)
        {
            // The first flushed one of a refresh is the attempt's, and its body waits for it.
            await checkpoint.ReachAsync(Checkpoint.Journal);
        }
    }

    public bool TryStash(OAuthCredentials replaced, OAuthCredentials successor) => lease.TryStash(replaced, successor);

    public async ValueTask DisposeAsync()
    {
        await checkpoint.ReachAsync(Checkpoint.Release);
        await lease.DisposeAsync();
    }
}
