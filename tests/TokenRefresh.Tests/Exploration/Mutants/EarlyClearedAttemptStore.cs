using TokenRefresh.Record;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>A bug to plant: takes the attempt for over once the answer is there, before the pair is saved.</summary>
internal sealed class EarlyClearedAttemptStore(ICredentialsStore inner) : StoreDecorator(inner)
{
    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease, Inner);

    private sealed class Lease(ICredentialsLease inner, ICredentialsStore store) : LeaseDecorator(inner)
    {
        public override async ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
        {
            LoginRecord noted = RecordJson.Read((await store.ReadRecordAsync(cancellationToken)).Span, "");
            await Inner.WriteRecordAsync(
                RecordJson.Write([], "", noted.WithAttempt(null), RecordJournal.MaximumSize), durable: true, cancellationToken);
            return await Inner.CommitAsync(expected, next, cancellationToken);
        }
    }
}
