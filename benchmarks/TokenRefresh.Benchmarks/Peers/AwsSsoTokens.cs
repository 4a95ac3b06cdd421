using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials.Internal;

namespace TokenRefresh.Benchmarks.Peers;

/// <summary>The AWS SDK's provider of single sign-on tokens, with a valid token in its cache.</summary>
internal static class AwsSsoTokens
{
    internal static SSOTokenProvider Valid() => new(
        new SSOTokenManager(ssooidcClient: null, new OneToken()),
        "session",
        "https://sso.example.com/start",
        "eu-central-1",
        ssoCacheDirectory: null);

    private sealed class OneToken : ISSOTokenFileCache
    {
        private readonly SsoToken _token = new()
        {
            AccessToken = "access-token",
            RefreshToken = "refresh-token",
            ExpiresAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(8),
            Session = "session",
            StartUrl = "https://sso.example.com/start",
            Region = "eu-central-1",
        };

        public bool Exists(CredentialProfileOptions options) => true;

        public bool TryGetSsoToken(SSOTokenManagerGetTokenOptions getSsoTokenOptions, string ssoCacheDirectory, out SsoToken ssoToken)
        {
            ssoToken = _token;
            return true;
        }

        public Task<TryResponse<SsoToken>> TryGetSsoTokenAsync(
            SSOTokenManagerGetTokenOptions getSsoTokenOptions, string ssoCacheDirectory, CancellationToken cancellationToken = default) =>
            Task.FromResult(new TryResponse<SsoToken> { Success = true, Value = _token });

        public List<SSOTokenFile> ScanSsoTokens(string ssoCacheDirectory) => [];

        public Task<List<SSOTokenFile>> ScanSsoTokensAsync(string ssoCacheDirectory, CancellationToken cancellationToken = default) =>
            Task.FromResult<List<SSOTokenFile>>([]);

        public void SaveSsoToken(SsoToken token, string ssoCacheDirectory) =>
            throw new InvalidOperationException("A valid token is not saved.");

        public Task SaveSsoTokenAsync(SsoToken token, string ssoCacheDirectory, CancellationToken cancellationToken = default) =>
            throw new InvalidOperationException("A valid token is not saved.");

        public void DeleteSsoToken(SSOTokenManagerGetTokenOptions getSsoTokenOptions, string ssoCacheDirectory) =>
            throw new InvalidOperationException("A valid token is not deleted.");

        public void DeleteSsoToken(string filePath) => throw new InvalidOperationException("A valid token is not deleted.");
    }
}
