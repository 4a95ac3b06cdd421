using TokenRefresh.Stores;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Contracts;

/// <summary>The conformance tests of a file store that does one thing wrong where other processes have it too.</summary>
internal abstract class FaultyProcessTests : CredentialsStoreConformanceTests
{
    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium)
    {
        string path = Path.Combine(medium, ".credentials.json");
        var store = new FileCredentialsStore(
            new(path, CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5)), TimeProvider);
        return new(new Store(store, lease => Wrap(lease, medium)));
    }

    /// <summary>Puts the fault around a lease that was granted, or refuses it.</summary>
    protected abstract ICredentialsLease? Wrap(ICredentialsLease lease, string medium);

    private sealed class Store(ICredentialsStore inner, Func<ICredentialsLease, ICredentialsLease?> wrap) : StoreDecorator(inner)
    {
        public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(
            TimeSpan timeout, CancellationToken cancellationToken = default) =>
            await Inner.AcquireLeaseAsync(timeout, cancellationToken) is { } lease ? wrap(lease) : null;

        public override Task WaitForChangeAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}

/// <summary>The lock is that a file exists, which stays where its process is killed.</summary>
internal sealed class LeaseThatOutlivesItsProcess : FaultyProcessTests
{
    protected override ICredentialsLease? Wrap(ICredentialsLease lease, string medium)
    {
        string mark = Path.Combine(medium, "mark");
        if (File.Exists(mark))
        {
            return null;
        }

        File.WriteAllText(mark, "");
        return new Lease(lease, mark);
    }

    private sealed class Lease(ICredentialsLease inner, string mark) : LeaseDecorator(inner)
    {
        public override ValueTask DisposeAsync()
        {
            File.Delete(mark);
            return base.DisposeAsync();
        }
    }
}

/// <summary>A commit is written with the end of its lease.</summary>
internal sealed class CommitAtDisposal : FaultyProcessTests
{
    protected override ICredentialsLease? Wrap(ICredentialsLease lease, string medium) => new Lease(lease);

    private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
    {
        private (OAuthCredentials? Next, bool IsSet) _last;

        public override ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
        {
            _last = (next, true);
            return new(CredentialsCommit.Committed(next));
        }

        public override async ValueTask DisposeAsync()
        {
            if (_last is (var next, true))
            {
                await Inner.CommitAsync(await Inner.ReadAsync(), next);
            }

            await base.DisposeAsync();
        }
    }
}

/// <summary>A stored login is never replaced, whatever is said of it.</summary>
internal sealed class CommitOfNothing : FaultyProcessTests
{
    protected override ICredentialsLease? Wrap(ICredentialsLease lease, string medium) => new Lease(lease);

    private sealed class Lease(ICredentialsLease inner) : LeaseDecorator(inner)
    {
        public override async ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) =>
            expected is null ? await Inner.CommitAsync(expected, next, cancellationToken) : CredentialsCommit.Committed(next);
    }
}
