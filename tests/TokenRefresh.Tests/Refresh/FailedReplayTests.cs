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
        CoordinatedTokenProvider provider = login.CreateProvider(
            services: new() { TokenEndpointClient = new ScriptedClient(TokenEndpointOutcome.Unknown, second) });

        Func<Task> act = async () => await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        await act.Should().ThrowAsync<TokenEndpointUnavailableException>();
        using var store = login.CreateStore();
        LoginRecord record = await Records.ReadAsync(store);
        record.Holds.Should().ContainSingle().Which.Kind.Should().Be(HoldKind.CoolDown);
        record.Attempt.Should().NotBeNull("the first answer is still lost");
        record.Attempt!.Count.Should().Be(1);
    }

    private sealed class ScriptedClient(params TokenEndpointOutcome[] outcomes) : ITokenEndpointClient
    {
        private int _calls;

        public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
        {
            TokenEndpointOutcome outcome = outcomes[_calls++];
            if (outcome != TokenEndpointOutcome.NotSent)
            {
                await request.BeforeSendAsync(cancellationToken);
            }

            return TokenEndpointResult.Failure(outcome);
        }
    }
}
