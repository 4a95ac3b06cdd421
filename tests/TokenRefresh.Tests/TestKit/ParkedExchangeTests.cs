using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.TestKit;

public sealed class ParkedExchangeTests
{
    [Theory]
    [InlineData(ParkPoint.BeforeProcessing, 0)]
    [InlineData(ParkPoint.AfterProcessing, 1)]
    public async Task An_exchange_stands_still_where_it_was_told_to_and_ends_when_it_may(ParkPoint point, int grants)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        using ParkedExchange exchange = await ParkedExchange.StartAsync(login, login.CreateProvider(), point);

        bool isOver = exchange.Caller.IsCompleted;
        int grantsThen = login.Books.Grants;
        AccessToken token = await exchange.FinishAsync();

        isOver.Should().BeFalse();
        grantsThen.Should().Be(grants);
        login.Server.IsAccepted(token.Value).Should().BeTrue();
    }

    [Fact]
    public async Task The_answer_of_an_exchange_can_be_lost()
    {
        var options = new LoopbackAuthorizationServerOptions { RefreshTokenReuseWindow = TimeSpan.FromHours(1) };
        await using SharedLogin login = await SharedLogin.StartExpiredAsync(options);
        using ParkedExchange exchange = await ParkedExchange.StartAsync(login, login.CreateProvider());

        AccessToken token = await exchange.LoseAnswerAsync();

        login.Server.IsAccepted(token.Value).Should().BeTrue();
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Replays = 1, Reuses = 0 }, "it was asked for again");
    }
}
