using TokenRefresh.Stores;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>TokenRefresh as a program uses it.</summary>
internal sealed class TokenRefreshCoordination : ICoordination
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly FileCredentialsStore _store;
    private readonly CoordinatedTokenProvider _provider;

    internal TokenRefreshCoordination(CoordinationSettings settings)
    {
        _store = OwnStore.Create(settings.CredentialsPath, settings.TimeProvider, settings.OnSave);
        _provider = CoordinatedTokenProvider.Create(
            o =>
            {
                o.TokenEndpoint = settings.TokenEndpoint;
                o.ClientId = CoordinationSettings.ClientId;

                // A busy machine may take long to bring all processes to the lock, and the exchange is held until they are there.
                o.AttemptTimeout = o.RefreshTimeout = TimeSpan.FromMinutes(1);
                o.LockTimeout = TimeSpan.FromMinutes(2);
            },
            new CoordinatedTokenProviderServices { CredentialsStore = _store, TimeProvider = settings.TimeProvider });
    }

    public async Task<string> GetTokenAsync() => (await _provider.GetAccessTokenAsync()).Value;

    public async Task<IAsyncDisposable> LockAsync() =>
        await _store.AcquireLeaseAsync(Patience) ?? throw new TimeoutException("The lock was not free in time.");

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        _store.Dispose();
    }
}
