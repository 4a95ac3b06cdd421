using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Contracts;

/// <summary>A store in memory that does one thing wrong, or none.</summary>
internal sealed class FaultyStore(FaultyMedium medium, StoreFault fault) : StoreDecorator(medium.Store)
{
    private OAuthCredentials? _cached;

    public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (fault == StoreFault.ReadsWaitForTheLease)
        {
            await using ICredentialsLease? lease = await Inner.AcquireLeaseAsync(TimeSpan.FromMinutes(1), cancellationToken);
        }

        OAuthCredentials? stored = await Inner.ReadAsync(cancellationToken);
        if (medium.IsLoginDamaged)
        {
            string what = fault == StoreFault.ErrorShowsWhatWasRead ? stored?.RefreshToken?[..12] ?? "" : "It";
            return fault == StoreFault.DamagedLoginIsNone ? null : throw new CredentialsFileException("memory", $"{what} is no login.");
        }

        _cached ??= stored;
        return fault switch
        {
            StoreFault.ReadsAreCached => _cached,
            StoreFault.NothingStoredIsALogout => stored ?? new OAuthCredentials("", null),
            _ => stored,
        };
    }

    public override ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        !medium.IsRecordDamaged ? Inner.ReadRecordAsync(cancellationToken)
            : fault == StoreFault.DamagedRecordIsAnError ? throw new LockUnavailableException("It is no record.")
            : default;

    public override async ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default) =>
        await Inner.ReadHolderAsync(cancellationToken) is { } holder && fault == StoreFault.HolderIsAnother
            ? holder with { ProcessId = 1 }
            : await Inner.ReadHolderAsync(cancellationToken);

    public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        switch (fault)
        {
            case StoreFault.LeaseExcludesNobody:
                return Wrap((await new InMemoryCredentialsStore().AcquireLeaseAsync(TimeSpan.Zero, cancellationToken))!);
            case StoreFault.TimeLimitIsIgnored when timeout > TimeSpan.Zero:
                return await base.AcquireLeaseAsync(TimeSpan.FromHours(1), cancellationToken);
            case StoreFault.OnlyOneTryIsMade:
                return await base.AcquireLeaseAsync(TimeSpan.Zero, cancellationToken);
            case StoreFault.CancelledCallBegins when timeout > TimeSpan.Zero:
                return await base.AcquireLeaseAsync(timeout, CancellationToken.None);
            case StoreFault.CancellationEndsAllWaits:
                await using (cancellationToken.Register(medium.Waits.Cancel))
                {
                    ICredentialsLease? granted = await base.AcquireLeaseAsync(timeout, medium.Waits.Token);
                    medium.Waits.Token.ThrowIfCancellationRequested();
                    return granted;
                }
        }

        ICredentialsLease? lease = await base.AcquireLeaseAsync(TimeSpan.Zero, cancellationToken);
        if (lease is not null || timeout == TimeSpan.Zero)
        {
            return lease;
        }

        switch (fault)
        {
            case StoreFault.ReleaseWakesNobody:
                await Task.Delay(timeout, TimeProvider.System, cancellationToken);
                return null;
            case StoreFault.TimedOutWaitGoesOn or StoreFault.CancelledWaitGoesOn:
                Task<ICredentialsLease?> going = base.AcquireLeaseAsync(TimeSpan.FromHours(1), CancellationToken.None).AsTask();
                await Task.WhenAny(going, Task.Delay(timeout, TimeProvider.System, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
                return going.IsCompleted ? await going : null;
            default:
                return await base.AcquireLeaseAsync(timeout, cancellationToken);
        }
    }

    public override async ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default) =>
        fault switch
        {
            StoreFault.SignInTakesTheLease => await Inner.AcquireLeaseAsync(TimeSpan.FromMinutes(1), cancellationToken),
            StoreFault.SignInExcludesNobody => await new InMemoryCredentialsStore().AcquireSignInLeaseAsync(cancellationToken),
            _ => await Inner.AcquireSignInLeaseAsync(cancellationToken),
        };

    public override Task WaitForChangeAsync(CancellationToken cancellationToken = default)
    {
        bool isTold = fault switch
        {
            StoreFault.ChangeIsNotTold => false,
            StoreFault.ChangeIsToldToOne => medium.ChangeWaits++ == 0,
            _ => true,
        };
        bool goesOn = fault == StoreFault.CancelledWaitForChangeGoesOn;
        Task change = Inner.WaitForChangeAsync(goesOn ? CancellationToken.None : cancellationToken);
        return isTold ? change : Task.Delay(TimeSpan.FromHours(1), TimeProvider.System, cancellationToken);
    }

    protected override ICredentialsLease Wrap(ICredentialsLease lease) => new FaultyLease(medium.Granted = lease, this, medium, fault);
}
