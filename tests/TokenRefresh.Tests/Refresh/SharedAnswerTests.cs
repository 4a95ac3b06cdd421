using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Many callers of one refresh, each with a token of its own to cancel by, as <see cref="HttpClient"/> always has one.</summary>
public sealed class SharedAnswerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F67")]
    public async Task A_caller_s_code_holds_up_no_one_else_s_token(bool isRejected)
    {
        await using SharedLogin login = isRejected ? await SharedLogin.StartAsync() : await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        var rejected = new AccessToken(login.Login.AccessToken);
        using var leaving = new CancellationTokenSource();
        using var othersHaveTheirs = new CountdownEvent(2);
        using ParkedRequest exchange = login.Server.ParkNextTokenRequest();

        // In this order, and without a context: each goes on wherever the refresh ended.
        Task<bool> first = BlockAsync();
        Task second = FollowAsync();
        Task third = FollowAsync();
        await exchange.Arrived;
        exchange.Release();

        (await first).Should().BeTrue("the others have their tokens while this one blocks");
        await Task.WhenAll(second, third);

        async Task<bool> BlockAsync()
        {
            await GetAsync().ConfigureAwait(false);
            return othersHaveTheirs.Wait(Patience);
        }

        async Task FollowAsync()
        {
            await GetAsync().ConfigureAwait(false);
            othersHaveTheirs.Signal();
        }

        ValueTask<AccessToken> GetAsync() =>
            isRejected ? provider.RefreshAccessTokenAsync(rejected, leaving.Token) : provider.GetAccessTokenAsync(leaving.Token);
    }

    [Fact]
    [FailureMode("F97")]
    public async Task Callers_at_the_moment_of_disposal_all_hear_of_it()
    {
        const int Callers = 8;
        const int Rounds = 300;
        for (var round = 0; round < Rounds; round++)
        {
            var provider = CoordinatedTokenProvider.Create(
                o => (o.ClientId, o.TokenEndpoint) = ("tests", new Uri("https://auth.example.com/token")),
                new()
                {
                    CredentialsStore = new InMemoryCredentialsStore(new OAuthCredentials("access", "refresh", DateTimeOffset.MaxValue)),
                });
            using var start = new Barrier(Callers + 1);
            Task<Exception?>[] callers = [.. Enumerable.Range(0, Callers).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return Xunit.Record.Exception(() => provider.GetAccessTokenAsync().AsTask().GetAwaiter().GetResult());
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default))];

            start.SignalAndWait();
            await provider.DisposeAsync();

            (await Task.WhenAll(callers).WaitAsync(Patience))
                .Should().OnlyContain(failure => failure == null || failure is ObjectDisposedException);
        }
    }
}
