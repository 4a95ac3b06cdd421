using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>A bug to plant: shows a lease what was read before it was granted, pair and record.</summary>
internal sealed class StaleReadStore(ICredentialsStore inner) : StoreDecorator(inner)
{
    private OAuthCredentials? _stored;
    private ReadOnlyMemory<byte> _record;
    private bool _isLeased;

    public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        _stored = await Inner.ReadAsync(cancellationToken);

    public override async ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        _isLeased ? _record : _record = await Inner.ReadRecordAsync(cancellationToken);

    protected override ICredentialsLease Wrap(ICredentialsLease lease)
    {
        _isLeased = true;
        return new Lease(lease, this);
    }

    private sealed class Lease(ICredentialsLease inner, StaleReadStore store) : LeaseDecorator(inner)
    {
        public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
        {
            await Inner.ReadAsync(cancellationToken);
            return store._stored;
        }
    }
}
