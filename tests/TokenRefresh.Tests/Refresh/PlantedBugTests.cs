using FluentAssertions;
using TokenRefresh.TestKit;
using Xunit.Sdk;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Three ways to get it wrong that the main assertion must notice: a test that cannot fail proves nothing.</summary>
public sealed class PlantedBugTests
{
    [Fact]
    [FailureMode("F1", "F2", "F3", "F58")]
    public async Task The_library_itself_passes() => await OneRefreshPerExpiry.AssertAsync();

    [Fact]
    [FailureMode("F3")]
    public async Task Skipping_the_read_under_the_lock_is_noticed()
    {
        Func<Task> act = () => OneRefreshPerExpiry.AssertAsync(store => new StaleReadStore(store));

        (await act.Should().ThrowAsync<XunitException>()).Which.Message.Should().Contain("no refresh token may be presented twice");
    }

    [Fact]
    [FailureMode("F2")]
    public async Task Releasing_before_the_save_is_noticed()
    {
        Func<Task> act = () => OneRefreshPerExpiry.AssertAsync(store => new EarlyReleaseStore(store));

        (await act.Should().ThrowAsync<XunitException>()).Which.Message.Should().Contain("no refresh token may be presented twice");
    }

    [Fact]
    [FailureMode("F58")]
    public async Task Ignoring_which_token_was_rejected_is_noticed()
    {
        Func<Task> act = () => OneRefreshPerExpiry.AssertAsync(decorateProvider: provider => new CachedTokenRejectingProvider(provider));

        (await act.Should().ThrowAsync<XunitException>()).Which.Message.Should().Contain("each expiry costs one token request");
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
