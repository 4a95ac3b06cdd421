using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>A bug to plant: gives the lock back as soon as there is something to save, and saves without it.</summary>
internal sealed class EarlyReleaseStore(ICredentialsStore inner) : StoreDecorator(inner)
{
    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease);

    private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
    {
        public override async ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
        {
            await Inner.DisposeAsync();
            return await base.CommitAsync(expected, next, cancellationToken);
        }
    }
}
