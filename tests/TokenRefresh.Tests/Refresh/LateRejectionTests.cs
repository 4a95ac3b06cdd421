using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using Xunit.Sdk;

namespace TokenRefresh.Tests.Refresh;

/// <summary>
/// A request went out with the expired token; its 401 comes when another call has long refreshed. Other interruptions, and bugs planted in
/// the transaction, are walked by the explorer.
/// </summary>
public sealed class LateRejectionTests
{
    [Fact]
    [FailureMode("F58")]
    public Task A_late_rejection_of_a_token_that_was_replaced_costs_no_request() => AssertAsync(provider => provider);

    [Fact]
    [FailureMode("F58")]
    public async Task Ignoring_which_token_was_rejected_is_noticed()
    {
        Func<Task> act = () => AssertAsync(provider => new CachedTokenRejectingProvider(provider));

        (await act.Should().ThrowAsync<XunitException>()).Which.Message.Should().Contain("each expiry costs one token request");
    }

    private static async Task AssertAsync(Func<CoordinatedTokenProvider, ITokenProvider> decorate)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        ITokenProvider provider = decorate(login.CreateProvider());

        AccessToken first = await provider.GetAccessTokenAsync();
        AccessToken late = await provider.RefreshAccessTokenAsync(new AccessToken(login.Login.AccessToken));

        login.Books.Should().BeEquivalentTo(
            new { TokenRequests = 1, Reuses = 0, FamiliesRevoked = 0 }, "each expiry costs one token request");
        late.Value.Should().Be(first.Value);
        login.Server.IsAccepted(late.Value).Should().BeTrue();
    }

    /// <summary>Takes every 401 for one of the token it has cached.</summary>
    private sealed class CachedTokenRejectingProvider(CoordinatedTokenProvider inner) : ITokenProvider
    {
        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) =>
            inner.GetAccessTokenAsync(cancellationToken);

        public async ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
            await inner.RefreshAccessTokenAsync(await inner.GetAccessTokenAsync(cancellationToken), cancellationToken);
    }
}
