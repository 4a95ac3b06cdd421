using Xunit;

namespace TokenRefresh.Testing;

public abstract partial class CredentialsStoreConformanceTests
{
    [Fact]
    public async Task Two_providers_that_meet_an_expired_token_refresh_once()
    {
        await using LoopbackAuthorizationServer server = await StartServerAsync();
        ICredentialsStore store = await OpenWithAsync(server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);
        await using CoordinatedTokenProvider provider = CreateProvider(store, server.TokenUri, TimeProvider);
        await using CoordinatedTokenProvider other = CreateProvider(await OpenAsync(), server.TokenUri, TimeProvider);

        AccessToken[] tokens = await EndAsync(
            Task.WhenAll(provider.GetAccessTokenAsync(Cancellation).AsTask(), other.GetAccessTokenAsync(Cancellation).AsTask()));

        Assert.Equal(tokens[0].Value, tokens[1].Value);
        Assert.True(server.IsAccepted(tokens[0].Value));
        Assert.Equal((1, 0), (server.Books.TokenRequests, server.Books.Reuses));
        Assert.Equal(tokens[0].Value, (await ReadAsync(store))?.AccessToken);
    }

    [Fact]
    public async Task A_login_that_is_put_back_is_known_to_be_used_and_not_presented()
    {
        await using LoopbackAuthorizationServer server = await StartServerAsync();
        OAuthCredentials used = server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials;
        ICredentialsStore store = await OpenWithAsync(used);
        await using (CoordinatedTokenProvider provider = CreateProvider(store, server.TokenUri, TimeProvider))
        {
            await EndAsync(provider.GetAccessTokenAsync(Cancellation).AsTask());
        }

        await CommitAsync(store, await ReadAsync(store), used);

        await using CoordinatedTokenProvider next = CreateProvider(await OpenAsync(), server.TokenUri, TimeProvider);
        SignInRequiredException error = await Assert.ThrowsAsync<SignInRequiredException>(
            () => EndAsync(next.GetAccessTokenAsync(Cancellation).AsTask()));
        Assert.Equal(SignInRequiredReason.RolledBack, error.Reason);
        Assert.Equal((1, 0), (server.Books.TokenRequests, server.Books.Reuses));
    }

    internal static CoordinatedTokenProvider CreateProvider(ICredentialsStore store, Uri tokenEndpoint, TimeProvider timeProvider) =>
        CoordinatedTokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId) = (tokenEndpoint, "conformance"),
            new CoordinatedTokenProviderServices { CredentialsStore = store, TimeProvider = timeProvider });

    private Task<LoopbackAuthorizationServer> StartServerAsync() =>
        LoopbackAuthorizationServer.StartAsync(new LoopbackAuthorizationServerOptions { TimeProvider = TimeProvider });
}
