using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Record;

namespace TokenRefresh.Tests.Refresh;

public sealed class FailedReplayTests
{
    [Theory]
    [InlineData(TokenEndpointOutcome.NotSent)]
    [InlineData(TokenEndpointOutcome.Throttled)]
    [FailureMode("F52")]
    public async Task A_replay_that_left_the_token_untouched_does_not_wipe_out_the_attempt_before_it(TokenEndpointOutcome second)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        var outcomes = new Queue<TokenEndpointOutcome>([TokenEndpointOutcome.Unknown, second]);
        var client = new AnsweringClient(async request =>
        {
            TokenEndpointOutcome outcome = outcomes.Dequeue();
            await (outcome == TokenEndpointOutcome.NotSent ? default : request.BeforeSendAsync());
            return TokenEndpointResult.Failure(outcome);
        });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TokenEndpointClient = client });

        Func<Task> act = async () => await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        await act.Should().ThrowAsync<TokenEndpointUnavailableException>();
        using var store = login.CreateStore();
        LoginRecord record = await Records.ReadAsync(store);
        record.Holds.Should().ContainSingle().Which.Kind.Should().Be(HoldKind.CoolDown);
        record.Attempt.Should().NotBeNull("the first answer is still lost");
        record.Attempt!.Count.Should().Be(1);
    }
}
