using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>A bug to plant: what is read after the temp file was made counts for nothing, only what was read before it.</summary>
internal sealed class OneReadStore(ICredentialsStore inner) : StoreDecorator(inner)
{
    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease);

    private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
    {
        private OAuthCredentials? _read;
        private bool _isPrepared;

        public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
        {
            OAuthCredentials? stored = await Inner.ReadAsync(cancellationToken);
            _read = _isPrepared ? _read : stored;
            _isPrepared = false;
            return _read;
        }

        public override async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) =>
            _isPrepared = await Inner.PrepareAsync(cancellationToken);
    }
}
