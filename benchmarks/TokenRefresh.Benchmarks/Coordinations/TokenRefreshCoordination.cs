using TokenRefresh.Credentials;

namespace TokenRefresh.Benchmarks.Coordinations;

/// <summary>TokenRefresh as a program uses it, with its defaults.</summary>
internal sealed class TokenRefreshCoordination : ICoordination
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly FileCredentialsStore _store;
    private readonly CoordinatedTokenProvider _provider;

    internal TokenRefreshCoordination(CoordinationSettings settings)
    {
        // The store that the provider would make itself, but for the time stamp.
        _store = new FileCredentialsStore(
            new CredentialsFileSettings(settings.CredentialsPath, CredentialsFileFormat.Auto, LockPath: null, AllowUnreliableLock: false, SaveTimeout: TimeSpan.FromSeconds(5)),
            settings.TimeProvider,
            new LandingFileOperations(settings.OnLanding));
        _provider = CoordinatedTokenProvider.Create(
            o =>
            {
                o.TokenEndpoint = settings.TokenEndpoint;
                o.ClientId = CoordinationSettings.ClientId;
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
