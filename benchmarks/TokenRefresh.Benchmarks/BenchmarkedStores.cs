using TokenRefresh.Benchmarks.Coordinations;
using TokenRefresh.Endpoint;

namespace TokenRefresh.Benchmarks;

/// <summary>What the benchmarks of several stores do with each.</summary>
internal static class BenchmarkedStores
{
    /// <summary>Stores another login, whose access token has expired.</summary>
    internal static async Task ExpireAsync(this ICredentialsStore store)
    {
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.FromMinutes(1));
        OAuthCredentials? stored = await lease!.ReadAsync();
        string next = Guid.NewGuid().ToString("N");
        await lease.CommitAsync(stored, new OAuthCredentials(next, next, TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(1)));
    }

    /// <summary>Makes a provider over it.</summary>
    internal static CoordinatedTokenProvider Provide(this ICredentialsStore store, ITokenEndpointClient endpoint) =>
        CoordinatedTokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.HandleProcessSignals) =
                (new Uri("https://localhost/in-memory"), CoordinationSettings.ClientId, false),
            new CoordinatedTokenProviderServices { CredentialsStore = store, TokenEndpointClient = endpoint });
}
