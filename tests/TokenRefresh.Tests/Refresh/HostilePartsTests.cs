using FluentAssertions;
using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Clocks, stores and clients that fail at the worst moment: the lock is free afterwards, and nothing untrue is remembered.</summary>
public sealed class HostilePartsTests
{
    private static readonly OAuthCredentials Expired = new("access-0", "refresh-0", DateTimeOffset.UnixEpoch);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    [FailureMode("F104")]
    public async Task A_clock_that_throws_once_leaves_the_lock_free_wherever_that_is()
    {
        var kept = new List<string>();
        for (var failing = 1; failing <= 40; failing++)
        {
            foreach (bool isSignIn in new[] { false, true })
            {
                using var store = new InMemoryCredentialsStore(Expired);
                var clock = new ThrowsOnce();
                await using CoordinatedTokenProvider provider = Create(store, new Client(Answer), clock);
                clock.Countdown = failing;
                Task call = isSignIn
                    ? provider.StoreAsync(new OAuthCredentials("access-2", "refresh-2"))
                    : provider.GetAccessTokenAsync().AsTask();
                await call.WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                clock.Countdown = int.MaxValue;
                await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.FromSeconds(1));
                if (lease is null)
                {
                    kept.Add($"{(isSignIn ? "sign-in" : "refresh")} {failing} {clock.Where}");
                }
            }
        }

        kept.Should().BeEmpty();
    }

    private static async ValueTask<TokenEndpointResult> Answer(TokenRequest request)
    {
        await request.BeforeSendAsync();
        return TokenEndpointResult.Success(new TokenResponse("access-1", "refresh-1", TimeSpan.FromHours(1)));
    }

    private static CoordinatedTokenProvider Create(ICredentialsStore store, ITokenEndpointClient client, TimeProvider? clock = null) =>
        CoordinatedTokenProvider.Create(
            _ => { }, new() { CredentialsStore = store, TokenEndpointClient = client, TimeProvider = clock });

    private sealed class Client(Func<TokenRequest, ValueTask<TokenEndpointResult>> answer) : ITokenEndpointClient
    {
        public ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default) =>
            answer(request);
    }

    private sealed class ThrowsOnce : TimeProvider
    {
        internal int Countdown { get; set; } = int.MaxValue;

        internal string? Where { get; private set; }

        public override DateTimeOffset GetUtcNow()
        {
            Count();
            return base.GetUtcNow();
        }

        public override long GetTimestamp()
        {
            Count();
            return base.GetTimestamp();
        }

        private void Count()
        {
            if (--Countdown == 0)
            {
                Where = Environment.StackTrace.Split('\n')[3];
                throw new InvalidOperationException("The clock stands still.");
            }
        }
    }
}
