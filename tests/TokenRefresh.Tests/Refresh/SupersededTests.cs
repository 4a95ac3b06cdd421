using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class SupersededTests
{
    [Fact]
    [FailureMode("F11")]
    public async Task A_loser_adopts_the_winners_tokens_and_leaves_the_file_byte_for_byte()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();

        using ParkedExchange<AccessToken> parked = await login.ParkAsync(provider, behavior: TokenEndpointBehavior.Error("invalid_grant"));
        login.Store(login.Server.IssueLogin());
        byte[] winner = await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken);
        AccessToken token = await parked.FinishAsync();

        token.Value.Should().Be(login.Login.AccessToken);
        (await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Equal(winner);
        login.Server.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F11")]
    public async Task A_loser_refreshes_once_with_the_winners_refresh_token_if_its_access_token_is_expired_too()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();

        using ParkedExchange<AccessToken> parked = await login.ParkAsync(provider, behavior: TokenEndpointBehavior.Error("invalid_grant"));
        login.Store(login.Server.IssueLogin(), SharedLogin.LongPast);
        AccessToken token = await parked.FinishAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Server.ReceivedTokenRequests.Select(r => r.Parameters["refresh_token"]).Should().HaveCount(2)
            .And.HaveElementAt(1, login.Login.RefreshToken);
        login.Server.Books.Reuses.Should().Be(0);
    }

    [Fact]
    [FailureMode("F11")]
    public async Task A_rejected_login_stays_in_the_file_byte_for_byte_and_is_not_presented_again()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        CoordinatedTokenProvider sibling = login.CreateProvider();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_grant");
        byte[] before = await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken);

        Func<Task> first = async () => await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        Func<Task> second = async () => await sibling.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        (await first.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.RefreshTokenRejected);
        (await second.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.RefreshTokenRejected);
        (await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Equal(before);
        login.Server.Books.TokenRequests.Should().Be(1);
    }
}
