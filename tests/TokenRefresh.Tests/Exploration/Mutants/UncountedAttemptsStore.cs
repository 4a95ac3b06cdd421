using TokenRefresh.Record;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>A bug to plant: notes each attempt as the first, so that everybody replays.</summary>
internal sealed class UncountedAttemptsStore(ICredentialsStore inner) : StoreDecorator(inner)
{
    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(lease);

    private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
    {
        public override ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
        {
            CoordinationRecord noted = CoordinationRecordFormat.Read(record.Span);
            return Inner.WriteRecordAsync(CoordinationRecordFormat.Write(noted with { Attempt = noted.Attempt is { } attempt ? attempt with { Count = 1 } : null }), durable, cancellationToken);
        }
    }
}
