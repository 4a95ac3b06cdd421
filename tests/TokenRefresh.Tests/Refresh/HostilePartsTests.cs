using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;

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

    [Fact]
    [FailureMode("F87")]
    public async Task A_store_that_goes_on_returning_the_older_tokens_after_each_save_does_not_hold_the_lock_for_good()
    {
        var inner = new InMemoryCredentialsStore(Expired);
        var store = new ReadsBehind(inner) { Shown = Expired };
        await using CoordinatedTokenProvider provider = Create(store, new Client(Answer));
        AccessToken token = await provider.GetAccessTokenAsync();

        Task<AccessToken> call = provider.RefreshAccessTokenAsync(token).AsTask();
        await Task.WhenAny(call, Task.Delay(Patience));

        bool hasEnded = call.IsCompleted;
        store.Shown = null;
        hasEnded.Should().BeTrue();
    }

    [Fact]
    [FailureMode("F52")]
    public async Task An_attempt_that_could_not_be_noted_was_not_sent_and_is_not_remembered_as_sent()
    {
        using var store = new NotesFail(new InMemoryCredentialsStore(Expired)) { Failure = new IOException("No space left on device.") };
        await using CoordinatedTokenProvider provider = Create(store, new Client(Answer));
        for (var i = 0; i < 3; i++)
        {
            await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<CredentialsFileException>();
        }

        store.Failure = null;

        (await provider.GetAccessTokenAsync()).Value.Should().Be("access-1");
    }

    [Fact]
    [FailureMode("F52")]
    public async Task A_store_that_fails_to_note_the_attempt_in_its_own_way_is_named_and_not_the_endpoint()
    {
        using var store = new NotesFail(new InMemoryCredentialsStore(Expired)) { Failure = new TimeoutException("The database is slow.") };
        await using CoordinatedTokenProvider provider = Create(store, new Client(Answer));

        (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<CredentialsFileException>())
            .WithMessage("*could not be noted*The database is slow.*Nothing was sent*");
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

    private sealed class ReadsBehind(ICredentialsStore inner) : StoreDecorator(inner)
    {
        internal OAuthCredentials? Shown { get; set; }

        public override ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
            Shown is { } shown ? new(shown) : base.ReadAsync(cancellationToken);

        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(this, lease);

        private sealed class Lease(ReadsBehind store, ICredentialsLease lease) : LeaseDecorator(lease)
        {
            public override ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) =>
                store.ReadAsync(cancellationToken);

            public override ValueTask<CredentialsCommit> CommitAsync(
                OAuthCredentials? expected, OAuthCredentials? next, CancellationToken cancellationToken = default) =>
                new(CredentialsCommit.Committed(next));
        }
    }

    private sealed class NotesFail(ICredentialsStore inner) : StoreDecorator(inner)
    {
        internal Exception? Failure { get; set; }

        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(this, lease);

        private sealed class Lease(NotesFail store, ICredentialsLease lease) : LeaseDecorator(lease)
        {
            public override ValueTask WriteRecordAsync(
                ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default) =>
                store.Failure is { } failure ? throw failure : base.WriteRecordAsync(record, durable, cancellationToken);
        }
    }
}
