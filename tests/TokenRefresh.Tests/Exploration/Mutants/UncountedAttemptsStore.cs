using TokenRefresh.Record;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>A bug to plant: notes each attempt as the first, so that everyone replays.</summary>
internal sealed class UncountedAttemptsStore(ICredentialsStore inner) : StoreDecorator(inner)
{
    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease);

    private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
    {
        public override ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
        {
            LoginRecord noted = RecordJson.Read(record.Span, "");
            Attempt? first = noted.Attempt is { } attempt ? new Attempt(attempt.Key, attempt.At, count: 1) : null;
            return Inner.WriteRecordAsync(
                RecordJson.Write([], "", noted.WithAttempt(first), RecordJournal.MaximumSize), durable, cancellationToken);
        }
    }
}
