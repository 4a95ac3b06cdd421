using Amazon.Runtime;
using Anthropic.Credentials;
using Azure.Core;
using BenchmarkDotNet.Attributes;
using Google.Apis.Auth.OAuth2;
using Microsoft.Identity.Client;
using TokenRefresh.Benchmarks.Peers;
using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// What every request pays: a cached, valid token. The floors are the least that any correct answer costs, a volatile read of a snapshot
/// and one comparison with the clock.
/// </summary>
public class HotPathBenchmarks : IAsyncDisposable, IHostedQuestion
{
    private readonly WorkDirectory _directory = new();
    private Snapshot _snapshot = null!;
    private CoordinatedTokenProvider _provider = null!;
    private CoordinatedTokenProvider _providerOnOtherClock = null!;
    private SemaphoreCache _semaphoreCache = null!;
    private IAccessTokenProvider _anthropicCache = null!;
    private CredentialsFileProvider _anthropicFile = null!;
    private AzureBearer _azure = null!;
    private HttpMessage _azureMessage = null!;
    private UserCredential _google = null!;
    private SSOTokenProvider _aws = null!;
    private MsalTokens _msal = null!;
    private MsalTokens _msalWithFile = null!;

    string IHostedQuestion.Title => "Hot path: a cached, valid token";

    string IHostedQuestion.Setting =>
        "One call, on one thread, that finds a valid token in memory. The peers as their own clients use them.";

    IReadOnlyList<Target> IHostedQuestion.GetTargets(HostedResults results) =>
    [
        new(
            "GetAccessTokenAsync over the floor of ticks",
            1.5,
            results.Nanoseconds(nameof(Cached)) / results.Nanoseconds(nameof(FloorOfTicks)),
            "×"),
        new("bytes of GetAccessTokenAsync", 0, results.Bytes(nameof(Cached)), "B"),
    ];

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        DateTimeOffset expiresAt = TimeProvider.System.GetUtcNow().AddHours(8);
        Task<(string Token, DateTimeOffset ExpiresAt)> FetchAsync() => Task.FromResult(("access-token", expiresAt));

        long dueAtTicks = Environment.TickCount64 + (long)TimeSpan.FromHours(8).TotalMilliseconds;
        _snapshot = new Snapshot(new AccessToken("access-token", expiresAt), dueAtTicks, expiresAt);
        _provider = Create(expiresAt, TimeProvider.System);
        _providerOnOtherClock = Create(expiresAt, new ForwardingTimeProvider());
        _semaphoreCache = new SemaphoreCache(FetchAsync);
        string anthropicPath = Path.Combine(_directory.Path, "anthropic.json");
        string anthropicLogin =
            $$"""
            {"version":"1.0","type":"oauth_token","access_token":"access-token","refresh_token":"refresh-token",
            "expires_at":{{expiresAt.ToUnixTimeSeconds()}}}
            """;
        await File.WriteAllTextAsync(anthropicPath, anthropicLogin);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(anthropicPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _anthropicFile = new CredentialsFileProvider(anthropicPath, "https://localhost", null, "benchmarks");
        _anthropicCache = AnthropicTokens.Cache(_anthropicFile);
        _azure = new AzureBearer(FetchAsync);
        _azureMessage = AzureBearer.CreateMessage();
        _google = GoogleTokens.Valid();
        _aws = AwsSsoTokens.Valid();
        _msal = await MsalTokens.CreateAsync(cacheDirectory: null);
        _msalWithFile = await MsalTokens.CreateAsync(_directory.Path);

        // The first call reads the store; every later one is the path under test.
        await _provider.GetAccessTokenAsync();
        await _providerOnOtherClock.GetAccessTokenAsync();
        await _anthropicCache.GetTokenAsync();
        await _azure.AuthorizeAsync(_azureMessage);
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        await _providerOnOtherClock.DisposeAsync();
        _semaphoreCache.Dispose();
        _anthropicCache.Dispose();
        _anthropicFile.Dispose();
        _azureMessage.Dispose();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, Description = "floor: volatile read, TickCount64, compare")]
    public ValueTask<AccessToken> FloorOfTicks()
    {
        var snapshot = Volatile.Read(ref _snapshot);
        return Environment.TickCount64 < snapshot.DueAtTicks
            ? new ValueTask<AccessToken>(snapshot.Token)
            : throw new InvalidOperationException("The token is due.");
    }

    [Benchmark(Description = "floor: volatile read, GetUtcNow, compare")]
    public ValueTask<AccessToken> FloorOfWallClock()
    {
        var snapshot = Volatile.Read(ref _snapshot);
        return TimeProvider.System.GetUtcNow() < snapshot.DueAt
            ? new ValueTask<AccessToken>(snapshot.Token)
            : throw new InvalidOperationException("The token is due.");
    }

    [Benchmark(Description = "TokenRefresh")]
    public ValueTask<AccessToken> Cached() => _provider.GetAccessTokenAsync();

    [Benchmark(Description = "TokenRefresh, another TimeProvider")]
    public ValueTask<AccessToken> CachedOnOtherClock() => _providerOnOtherClock.GetAccessTokenAsync();

    [Benchmark(Description = "TokenRefresh, awaited in a Task")]
    public async Task<AccessToken> CachedAndAwaited() => await _provider.GetAccessTokenAsync();

    [Benchmark(Description = "SemaphoreSlim cache")]
    public Task<string> Semaphore() => _semaphoreCache.GetTokenAsync();

    [Benchmark(Description = "Anthropic: token cache over credentials file")]
    public ValueTask<Anthropic.Credentials.AccessToken> AnthropicCache() => _anthropicCache.GetTokenAsync();

    [Benchmark(Description = "Azure.Core: bearer policy, with header")]
    public ValueTask AzureBearerPolicy() => _azure.AuthorizeAsync(_azureMessage);

    [Benchmark(Description = "Google.Apis.Auth: UserCredential")]
    public Task<string> GoogleUserCredential() => _google.GetAccessTokenForRequestAsync();

    [Benchmark(Description = "AWSSDK: SSO token provider")]
    public Task<TryResponse<AWSToken>> AwsSsoTokenProvider() => _aws.TryResolveTokenAsync();

    [Benchmark(Description = "MSAL: AcquireTokenSilent, memory")]
    public Task<AuthenticationResult> MsalInMemory() => _msal.GetAsync();

    [Benchmark(Description = "MSAL: AcquireTokenSilent, cache file")]
    public Task<AuthenticationResult> MsalWithFile() => _msalWithFile.GetAsync();

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
