using TokenRefresh.Credentials;

namespace TokenRefresh.TestProcess.Checkpoints;

/// <summary>The file store with a checkpoint.</summary>
internal sealed class CheckpointStore(TokenRefreshOptions options, Checkpoint checkpoint) : ICredentialsStore, IDisposable
{
    private readonly FileCredentialsStore _files = new(
        new CredentialsFileSettings(CredentialsPath.Resolve(options.CredentialsPath!), options.FileFormat, options.LockPath, options.AllowUnreliableLock, options.SaveTimeout),
        TimeProvider.System,
        new CheckpointFileOperations(checkpoint));

    public string Location => _files.Location;

    public string LockLocation => _files.LockLocation;

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => _files.ReadAsync(cancellationToken);

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) => _files.ReadRecordAsync(cancellationToken);

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => _files.ReadHolderAsync(cancellationToken);

    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (await _files.AcquireLeaseAsync(timeout, cancellationToken) is not { } lease)
        {
            return null;
        }

        await checkpoint.ReachAsync(Checkpoint.Lease);
        return new CheckpointLease((FileCredentialsLease)lease, checkpoint);
    }

    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) => _files.WaitForChangeAsync(cancellationToken);

    public void Dispose() => _files.Dispose();
}
