using BenchmarkDotNet.Attributes;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// What every request pays: a cached, valid token. The floors are the least that any correct answer costs, a volatile read of a snapshot and one comparison with the clock.
/// </summary>
/// <remarks>dotnet run -c Release --project benchmarks/TokenRefresh.Benchmarks -- --filter '*HotPath*'</remarks>
[MemoryDiagnoser]
public class HotPathBenchmarks : IAsyncDisposable
{
    private Snapshot _snapshot = null!;
    private CoordinatedTokenProvider _provider = null!;
    private CoordinatedTokenProvider _providerOnOtherClock = null!;

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        var expiresAt = TimeProvider.System.GetUtcNow().AddHours(8);
        _snapshot = new Snapshot(new AccessToken("access-token", expiresAt), Environment.TickCount64 + (long)TimeSpan.FromHours(8).TotalMilliseconds, expiresAt);
        _provider = Create(expiresAt, TimeProvider.System);
        _providerOnOtherClock = Create(expiresAt, new ForwardingTimeProvider());

        // The first call reads the store; every later one is the path under test.
        await _provider.GetAccessTokenAsync();
        await _providerOnOtherClock.GetAccessTokenAsync();
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        await _providerOnOtherClock.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, Description = "floor: volatile read and tick count")]
    public ValueTask<AccessToken> FloorOfTicks()
    {
        var snapshot = Volatile.Read(ref _snapshot);
        return Environment.TickCount64 < snapshot.DueAtTicks ? new ValueTask<AccessToken>(snapshot.Token) : throw new InvalidOperationException("The token is due.");
    }

    [Benchmark(Description = "floor: volatile read and wall clock")]
    public ValueTask<AccessToken> FloorOfWallClock()
    {
        var snapshot = Volatile.Read(ref _snapshot);
        return TimeProvider.System.GetUtcNow() < snapshot.DueAt ? new ValueTask<AccessToken>(snapshot.Token) : throw new InvalidOperationException("The token is due.");
    }

    [Benchmark(Description = "GetAccessTokenAsync, cached")]
    public ValueTask<AccessToken> Cached() => _provider.GetAccessTokenAsync();

    [Benchmark(Description = "GetAccessTokenAsync, cached, another TimeProvider")]
    public ValueTask<AccessToken> CachedOnOtherClock() => _providerOnOtherClock.GetAccessTokenAsync();

    [Benchmark(Description = "GetAccessTokenAsync, cached, awaited")]
    public async Task<AccessToken> CachedAndAwaited() => await _provider.GetAccessTokenAsync();

    private static CoordinatedTokenProvider Create(DateTimeOffset expiresAt, TimeProvider timeProvider) => CoordinatedTokenProvider.Create(
        o =>
        {
            o.TokenEndpoint = new Uri("https://localhost/never-asked");
            o.ClientId = "benchmarks";
        },
        new CoordinatedTokenProviderServices
        {
            CredentialsStore = new InMemoryCredentialsStore(new OAuthCredentials("access-token", "refresh-token", expiresAt)),
            TimeProvider = timeProvider,
        });

    private sealed record Snapshot(AccessToken Token, long DueAtTicks, DateTimeOffset DueAt);

    private sealed class ForwardingTimeProvider : TimeProvider;
}
