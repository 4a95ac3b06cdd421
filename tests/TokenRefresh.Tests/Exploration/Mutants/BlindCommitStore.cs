using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>A bug to plant: saves over whatever is stored.</summary>
internal sealed class BlindCommitStore(ICredentialsStore inner) : StoreDecorator(inner)
{
    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease);

    private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
    {
        public override async ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) =>
            await Inner.CommitAsync(await Inner.ReadAsync(cancellationToken), next, cancellationToken);
    }
}
