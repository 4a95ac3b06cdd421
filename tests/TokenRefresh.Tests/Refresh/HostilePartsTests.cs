using FluentAssertions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Record;

namespace TokenRefresh.Tests.Refresh;

/// <summary>Clocks, stores and clients that fail at the worst moment: the lock is free afterwards, nothing untrue remembered.</summary>
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
                await Task.WhenAny(call.WaitAsync(Patience));
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

    [Theory]
    [InlineData(TokenEndpointOutcome.Misconfigured, "invalid_client")]
    [InlineData(TokenEndpointOutcome.RefreshTokenRejected, "invalid_grant")]
    [InlineData(TokenEndpointOutcome.RefreshTokenProbablyRejected, "invalid_request")]
    [FailureMode("F52", "F13")]
    public async Task A_lost_answer_is_not_forgotten_because_a_client_with_another_id_was_refused(
        TokenEndpointOutcome outcome, string error)
    {
        using var store = new InMemoryCredentialsStore(Expired);
        var lost = new Client(async request =>
        {
            await request.BeforeSendAsync();
            throw new IOException("The connection was reset.");
        });
        await using (CoordinatedTokenProvider one = Create(store, lost))
        {
            await one.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<RefreshOutcomeUnknownException>();
        }

        Attempt before = (await Records.ReadAsync(store)).Attempt!;
        var refused = new Client(async request =>
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
        var journal = new RecordJournal(store, TimeProvider.System, NullLogger.Instance);
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

    [Fact]
    [FailureMode("F104")]
    public async Task A_client_that_ignores_its_deadline_does_not_keep_the_lock()
    {
        using var store = new InMemoryCredentialsStore(Expired);
        var never = new TaskCompletionSource<TokenEndpointResult>();
        await using CoordinatedTokenProvider provider = CoordinatedTokenProvider.Create(
            o =>
            {
                o.RefreshTimeout = TimeSpan.FromSeconds(1);
                o.AttemptTimeout = TimeSpan.FromSeconds(1);
            },
            new() { CredentialsStore = store, TokenEndpointClient = new Client(_ => new(never.Task)) });
        Task call = provider.GetAccessTokenAsync().AsTask();

        await Task.WhenAny(call.WaitAsync(Patience));

        bool hasEnded = call.IsCompleted;
        never.TrySetException(new IOException("Late."));
        hasEnded.Should().BeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F104")]
    public async Task A_logger_that_asks_the_provider_from_inside_its_refresh_is_refused_and_keeps_no_lock(bool isSignIn)
    {
        using var store = new InMemoryCredentialsStore(Expired);
        var logger = new AsksBack { IsSignIn = isSignIn };
        using ILoggerFactory factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace));
        factory.AddProvider(logger);
        await using var provider = CoordinatedTokenProvider.Create(
            _ => { },
            new() { CredentialsStore = store, TokenEndpointClient = new Client(Answer), LoggerFactory = factory });
        logger.Provider = provider;

        AccessToken token = await provider.GetAccessTokenAsync().AsTask().WaitAsync(Patience);

        token.Value.Should().Be("access-1");
        logger.Refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("from inside its own refresh");
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

    private sealed class AsksBack : ILoggerProvider, ILogger
    {
        internal CoordinatedTokenProvider? Provider { get; set; }

        internal bool IsSignIn { get; init; }

        internal Exception? Refusal { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            try
            {
                Task call = IsSignIn
                    ? Provider!.StoreAsync(new OAuthCredentials("access-2", "refresh-2"))
                    : Provider!.GetAccessTokenAsync().AsTask();
                call.GetAwaiter().GetResult();
            }
            catch (InvalidOperationException e)
            {
                Refusal = e;
            }
        }

        public void Dispose()
        {
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
