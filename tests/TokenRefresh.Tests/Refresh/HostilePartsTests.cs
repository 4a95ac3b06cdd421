using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Record;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Stores and clients that fail at the worst moment: nothing untrue is remembered.</summary>
public sealed class HostilePartsTests
{
    private static readonly OAuthCredentials Expired = new("access-0", "refresh-0", DateTimeOffset.UnixEpoch);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    [FailureMode("F87")]
    public async Task A_store_that_goes_on_returning_the_older_tokens_after_each_save_does_not_hold_the_lock_for_good()
    {
        var inner = new InMemoryCredentialsStore(Expired);
        var store = new ReadsBehind(inner) { Shown = Expired };
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient());
        AccessToken token = await provider.GetAccessTokenAsync();

        Task<AccessToken> call = provider.RefreshAccessTokenAsync(token).AsTask();
        await Task.WhenAny(call.WaitAsync(Patience));

        bool hasEnded = call.IsCompleted;
        store.Shown = null;
        hasEnded.Should().BeTrue();
    }

    [Fact]
    [FailureMode("F52")]
    public async Task An_attempt_that_could_not_be_noted_was_not_sent_and_is_not_remembered_as_sent()
    {
        using var store = new NotesFail(new InMemoryCredentialsStore(Expired)) { Failure = new IOException("No space left on device.") };
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient());
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
        await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient());

        (await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<CredentialsFileException>())
            .WithMessage("*could not be noted*The database is slow.*Nothing was sent*");
    }

    [Theory]
    [InlineData(TokenEndpointOutcome.Misconfigured, "invalid_client")]
    [InlineData(TokenEndpointOutcome.RefreshTokenRejected, "invalid_grant")]
    [InlineData(TokenEndpointOutcome.RefreshTokenProbablyRejected, "invalid_request")]
    [FailureMode("F52", "F13")]
    public async Task A_lost_answer_is_not_forgotten_because_a_client_with_another_id_was_refused(
        TokenEndpointOutcome outcome, string error)
    {
        using var store = new InMemoryCredentialsStore(Expired);
        var lost = new AnsweringClient(async request =>
        {
            await request.BeforeSendAsync();
            throw new IOException("The connection was reset.");
        });
        await using (CoordinatedTokenProvider one = Create(store, lost))
        {
            await one.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<RefreshOutcomeUnknownException>();
        }

        Attempt before = (await Records.ReadAsync(store)).Attempt!;
        var refused = new AnsweringClient(async request =>
        {
            await request.BeforeSendAsync();
            return TokenEndpointResult.Failure(outcome, 400, error);
        });
        await using (CoordinatedTokenProvider other = CoordinatedTokenProvider.Create(
            o => o.ClientId = "other", new() { CredentialsStore = store, TokenEndpointClient = refused }))
        {
            await other.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenRefreshException>();
        }

        Attempt? after = (await Records.ReadAsync(store)).Attempt;
        after.Should().NotBeNull();
        after!.Key.Matches(before.Key).Should().BeTrue();
        after.Count.Should().Be(before.Count);
    }

    [Fact]
    [FailureMode("F115")]
    public async Task A_look_that_was_overtaken_takes_nothing_back_of_what_another_login_noted_since()
    {
        var inner = new InMemoryCredentialsStore(Expired);
        using var store = new SlowRecordOnce(inner);
        var journal = new RecordJournal(store, TimeProvider.System);
        ICredentialsLease lease = (await inner.AcquireLeaseAsync(TimeSpan.Zero))!;
        var gate = new TaskCompletionSource();
        store.Gate = gate;
        Task<LoginRecord> look = journal.ReadAsync(Expired, default).AsTask();
        byte[] newer = RecordJson.Write(default, "other", new LoginRecord { Origin = "o", Sequence = 1, Used = ["used"] }, 4096);
        await lease.WriteRecordAsync(newer, durable: false);
        LoginRecord read = await journal.ReadAsync(Expired, default);
        gate.SetResult();
        await look;

        await journal.WriteAsync(lease, read, durable: false, default);

        RecordJson.Read((await inner.ReadRecordAsync()).Span, "other").Used.Should().Equal("used");
    }

    private static CoordinatedTokenProvider Create(ICredentialsStore store, ITokenEndpointClient client) =>
        CoordinatedTokenProvider.Create(
            _ => { }, new() { CredentialsStore = store, TokenEndpointClient = client });

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

    private sealed class SlowRecordOnce(ICredentialsStore inner) : StoreDecorator(inner)
    {
        internal TaskCompletionSource? Gate { get; set; }

        public override async ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default)
        {
            ReadOnlyMemory<byte> record = await base.ReadRecordAsync(cancellationToken);
            if (Gate is { } gate)
            {
                Gate = null;
                await gate.Task;
            }

            return record;
        }
    }
}
