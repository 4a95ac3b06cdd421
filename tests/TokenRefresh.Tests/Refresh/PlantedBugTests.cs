using FluentAssertions;
using TokenRefresh.TestKit;
using Xunit.Sdk;

namespace TokenRefresh.Tests.Refresh;

/// <summary>
/// The main assertion with a real server, and a bug of a caller that it must notice. Bugs of the transaction are planted in the
/// exploration.
/// </summary>
public sealed class PlantedBugTests
{
    [Fact]
    [FailureMode("F1", "F2", "F3", "F58")]
    public async Task The_library_itself_passes() => await OneRefreshPerExpiry.AssertAsync();

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
