namespace TokenRefresh.TestKit;

/// <summary>A lease that passes everything on; tests override what they interfere with.</summary>
internal abstract class LeaseDecorator(ICredentialsLease inner) : ICredentialsLease
{
    protected ICredentialsLease Inner { get; } = inner;

    public string Location => Inner.Location;

    public string LockPath => Inner.LockPath;

    public virtual ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        Inner.ReadAsync(cancellationToken);

    public virtual ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) => Inner.PrepareAsync(cancellationToken);

    public virtual ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) =>
        Inner.CommitAsync(expected, next, cancellationToken);

    public virtual ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) =>
        Inner.WriteRecordAsync(record, durable, cancellationToken);

    public virtual ValueTask DisposeAsync() => Inner.DisposeAsync();
}
