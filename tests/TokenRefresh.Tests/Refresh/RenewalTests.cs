using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class RenewalTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task A_valid_token_is_replaced_as_often_as_the_caller_says_and_counts_as_rejected_never()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock });
        AccessToken token = await provider.GetAccessTokenAsync();

        for (int i = 0; i < 5; i++)
        {
            token = await provider.RenewAccessTokenAsync(token);
        }

        login.Books.Grants.Should().Be(5);
        login.Server.IsAccepted(token.Value).Should().BeTrue();
    }

    [Fact]
    public async Task Another_token_that_is_stored_is_used_and_nothing_is_sent()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock });
        AccessToken first = await provider.GetAccessTokenAsync();
        OAuthCredentials other = login.StoreValid();

        AccessToken next = await provider.RenewAccessTokenAsync(first);

        next.Value.Should().Be(other.AccessToken);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task A_failure_leaves_the_present_token_and_a_pause()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Throttle(503, retryAfter: null);
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock });
        AccessToken token = await provider.GetAccessTokenAsync();

        AccessToken first = await provider.RenewAccessTokenAsync(token);
        AccessToken second = await provider.RenewAccessTokenAsync(token);

        first.Value.Should().Be(token.Value);
        second.Value.Should().Be(token.Value);
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_lost_answer_is_not_asked_for_again_while_the_token_is_valid()
    {
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = _clock });
        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.DropAfterProcessing);
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _clock });
        AccessToken token = await provider.GetAccessTokenAsync();

        await provider.RenewAccessTokenAsync(token);
        _clock.Advance(TimeSpan.FromMinutes(5));
        AccessToken second = await provider.RenewAccessTokenAsync(token);

        second.Value.Should().Be(token.Value);
        login.Books.TokenRequests.Should().Be(1);
        login.Books.Reuses.Should().Be(0);
    }
}
