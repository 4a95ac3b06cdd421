using System.Reflection;
using Anthropic.Credentials;

namespace TokenRefresh.Benchmarks.Peers;

/// <summary>
/// The Anthropic SDK's credentials as its client uses them: a provider behind the client's own token cache, which is internal and therefore
/// made by reflection, once. Calls go through its public interface.
/// </summary>
internal static class AnthropicTokens
{
    internal static IAccessTokenProvider Cache(IAccessTokenProvider inner) => (IAccessTokenProvider)Activator.CreateInstance(
        typeof(IAccessTokenProvider).Assembly.GetType("Anthropic.Credentials.TokenCache", throwOnError: true)!,
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic,
        binder: null,
        args: [inner],
        culture: null)!;

    internal static IAccessTokenProvider From(Func<Task<(string Token, DateTimeOffset ExpiresAt)>> fetchAsync) =>
        Cache(new Fetching(fetchAsync));

    private sealed class Fetching(Func<Task<(string Token, DateTimeOffset ExpiresAt)>> fetchAsync) : IAccessTokenProvider
    {
        public async ValueTask<Anthropic.Credentials.AccessToken> GetTokenAsync(
            bool forceRefresh = false, CancellationToken cancellationToken = default)
        {
            (string token, DateTimeOffset expiresAt) = await fetchAsync();
            return new(token, expiresAt.ToUnixTimeSeconds());
        }

        public void Dispose()
        {
        }
    }
}
