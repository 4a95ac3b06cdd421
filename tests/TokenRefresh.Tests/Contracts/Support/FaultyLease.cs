using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Contracts;

/// <summary>The lease of a <see cref="FaultyStore"/>.</summary>
internal sealed class FaultyLease(ICredentialsLease inner, FaultyStore store, FaultyMedium medium, StoreFault fault) : LeaseDecorator(inner)
{
    private int _commits;

    public override ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
        fault == StoreFault.ReadsWaitForTheLease ? medium.Store.ReadAsync(cancellationToken) : store.ReadAsync(cancellationToken);

    public override async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
    {
        if (fault == StoreFault.PreparationRemovesTheLogin)
        {
            await StoreAsync(await medium.Store.ReadAsync(cancellationToken), null);
        }

        return true;
    }

    public override async ValueTask<CredentialsCommit> CommitAsync(
        OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default)
    {
        if (medium.IsLoginDamaged)
        {
            await store.ReadAsync(cancellationToken);
        }

        OAuthCredentials? stored = await medium.Store.ReadAsync(cancellationToken);
        switch (fault)
        {
            case StoreFault.CommitStoresNothing or StoreFault.RemovalIsIgnored when fault == StoreFault.CommitStoresNothing || next is null:
                return CredentialsCommit.Committed(next);
            case StoreFault.CommitComparesNothing:
            case StoreFault.CommitComparesRefreshTokensOnly when expected?.RefreshToken == stored?.RefreshToken:
                return await StoreAsync(stored, next);
            case StoreFault.CommitComparesAccessTokens when expected?.AccessToken != stored?.AccessToken:
            case StoreFault.CommitIsOnceALease when _commits++ > 0:
                return CredentialsCommit.Superseded(stored);
            case StoreFault.CommitDropsExpiryAndScope when next is not null:
                return await StoreAsync(expected, new OAuthCredentials(next.AccessToken, next.RefreshToken));
            case StoreFault.CommitMakesUpAnExpiry when next is { ExpiresAt: null }:
                return await StoreAsync(expected, new OAuthCredentials(next.AccessToken, next.RefreshToken, DateTimeOffset.UnixEpoch));
            case StoreFault.CommitDropsUnknownData:
                medium.HasUnknownData = false;
                break;
            case StoreFault.RecordEndsWithTheLogin when next is null:
                await Inner.WriteRecordAsync(default, durable: true, cancellationToken);
                break;
        }

        return await StoreAsync(expected, next);
    }

    public override ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
    {
        medium.IsRecordDamaged = false;
        return fault switch
        {
            StoreFault.RecordIsNotWritten => default,
            StoreFault.RecordIsCut => Inner.WriteRecordAsync(record[..Math.Min(record.Length, 4_096)], durable, cancellationToken),
            _ => Inner.WriteRecordAsync(record, durable, cancellationToken),
        };
    }

#pragma warning disable CA2215 // Not to give the lease back is one of the faults.
    public override ValueTask DisposeAsync() => fault switch
    {
        StoreFault.LeaseIsNeverGivenBack => default,
        StoreFault.SecondDisposalGivesTheSuccessorBack => medium.Granted!.DisposeAsync(),
        _ => base.DisposeAsync(),
    };
#pragma warning restore CA2215

    // By a lease of the medium itself: that of a store which excludes no one is another one's.
    private async ValueTask<CredentialsCommit> StoreAsync(OAuthCredentials? expected, OAuthCredentials? next)
    {
        if (fault != StoreFault.LeaseExcludesNobody)
        {
            return await Inner.CommitAsync(expected, next);
        }

        await using ICredentialsLease? lease = await medium.Store.AcquireLeaseAsync(TimeSpan.FromMinutes(1));
        return await lease!.CommitAsync(expected, next);
    }
}
