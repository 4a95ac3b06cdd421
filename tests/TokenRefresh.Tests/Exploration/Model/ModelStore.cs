namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>The store as one provider sees it: every call is a scheduling point.</summary>
internal sealed class ModelStore(ModelProvider owner) : ICredentialsStore
{
    private readonly World _world = owner.World;

    public string Location => "credentials";

    public string LockPath => "lock";

    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        new(new Point<OAuthCredentials?>(owner, "looks at the file", () => _world.File.Content, Observe, cancellationToken).Start());

    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        new(new Point<ReadOnlyMemory<byte>>(
            owner,
            "reads the record",
            () => _world.Locks.RecordAtPath,
            (ref StateHash observed, ReadOnlyMemory<byte> _) => observed.Add(_world.Locks.RecordHashAtPath),
            cancellationToken).Start());

    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) => default;

    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ModelLease? lease;
        if (timeout <= TimeSpan.Zero)
        {
            lease = await new Point<ModelLease?>(
                owner,
                "tries the lock",
                () => owner.Process.TryAcquire(owner),
                (ref StateHash observed, ModelLease? l) => observed.Add(l is not null),
                cancellationToken).Start();
        }
        else
        {
            var wait = new LockWait(owner, _world.Elapsed + timeout, cancellationToken);
            owner.Process.Enqueue(wait);
            lease = await wait.Start();
        }

        owner.Lease = lease ?? owner.Lease;
        return lease;
    }

    public Task WaitForChangeAsync(CancellationToken cancellationToken = default) =>
        new ChangeWait(owner, _world.File, cancellationToken).Arm();

    internal static void Observe(ref StateHash observed, OAuthCredentials? credentials) => observed.Add(credentials);
}
