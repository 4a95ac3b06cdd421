using FluentAssertions;
using Microsoft.Extensions.Logging;
using TokenRefresh.Endpoint;
using TokenRefresh.Stores;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Refresh;

/// <summary>
/// Clocks, stores, clients, handlers and loggers of the program's that throw, hang or call back: none of them keeps the lock.
/// </summary>
public sealed class KeptLockTests
{
    private static readonly OAuthCredentials Expired = new("access-0", "refresh-0", DateTimeOffset.UnixEpoch);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F104")]
    public async Task A_clock_that_throws_once_leaves_the_lock_free_wherever_that_is(bool isWaiting)
    {
        var kept = new List<string>();
        for (var failing = 1; failing <= 40; failing++)
        {
            foreach (bool isSignIn in new[] { false, true })
            {
                using var directory = new TempDirectory();
                string path = Path.Combine(directory.Path, "credentials");
                var clock = new ThrowsOnce();
                using FileCredentialsStore other = CreateFileStore(path, TimeProvider.System);
                await SignInAsync(other);
                using var store = new AnnouncesWait(CreateFileStore(path, clock));
                await using CoordinatedTokenProvider provider = Create(store, new AnsweringClient(), clock);
                ICredentialsLease? held = isWaiting ? await other.AcquireLeaseAsync(TimeSpan.Zero) : null;
                clock.Countdown = failing;
                Task call = isSignIn
                    ? provider.StoreAsync(new OAuthCredentials("access-2", "refresh-2"))
                    : provider.GetAccessTokenAsync().AsTask();
                if (held is not null)
                {
                    await Task.WhenAny(call, store.Waiting);
                    await held.DisposeAsync();
                }

                await Task.WhenAny(call.WaitAsync(Patience));
                clock.Countdown = int.MaxValue;
                await using ICredentialsLease? lease = await other.AcquireLeaseAsync(TimeSpan.FromSeconds(5));
                if (lease is null || !call.IsCompleted)
                {
                    kept.Add($"{(isSignIn ? "sign-in" : "refresh")} {failing} {clock.Where}");
                }
            }
        }

        kept.Should().BeEmpty();
    }

    [Theory]
    [InlineData("read")]
    [InlineData("prepare")]
    [FailureMode("F104")]
    public async Task A_store_that_hangs_before_anything_is_sent_does_not_keep_the_lock(string place)
    {
        using var inner = new InMemoryCredentialsStore(Expired);
        using var store = new Hangs(inner, place);
        var clock = new ManualTimeProvider();
        var client = new AnsweringClient();
        await using CoordinatedTokenProvider provider = Create(store, client, clock);
        Task<AccessToken> call = provider.GetAccessTokenAsync().AsTask();
        await store.Reached;

        await clock.AdvanceUntilAsync(Task.WhenAny(call), TimeSpan.FromSeconds(1));

        (await call.Awaiting(c => c).Should().ThrowAsync<CredentialsFileException>())
            .WithMessage("*did not answer before the deadline of the refresh ('RefreshTimeout'*Nothing was sent*")
            .Which.IsTransient.Should().BeTrue();
        await using ICredentialsLease? lease = await inner.AcquireLeaseAsync(TimeSpan.Zero);
        lease.Should().NotBeNull();
        client.Calls.Should().Be(0);
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
            new() { CredentialsStore = store, TokenEndpointClient = new AnsweringClient(_ => new(never.Task)) });
        Task call = provider.GetAccessTokenAsync().AsTask();

        await Task.WhenAny(call.WaitAsync(Patience));

        bool hasEnded = call.IsCompleted;
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero);
        never.TrySetException(new IOException("Late."));
        hasEnded.Should().BeTrue();
        lease.Should().NotBeNull();
    }

    [Theory]
    [InlineData("get")]
    [InlineData("refresh")]
    [InlineData("store")]
    [InlineData("remove")]
    [InlineData("dispose")]
    [FailureMode("F104")]
    public async Task A_logger_that_calls_the_provider_from_inside_its_refresh_is_refused_and_keeps_no_lock(string what)
    {
        using var store = new InMemoryCredentialsStore(Expired);
        var logger = new CallsBack { What = what };
        using ILoggerFactory factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace));
        factory.AddProvider(logger);
        await using var provider = CoordinatedTokenProvider.Create(
            _ => { },
            new() { CredentialsStore = store, TokenEndpointClient = new AnsweringClient(), LoggerFactory = factory });
        logger.Provider = provider;

        AccessToken token = await provider.GetAccessTokenAsync().AsTask().WaitAsync(Patience);

        token.Value.Should().Be("access-1");
        logger.Refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("from inside its own refresh");
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero);
        lease.Should().NotBeNull();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F104")]
    public async Task A_handler_or_classifier_that_calls_the_provider_from_inside_its_refresh_is_refused_too(bool isClassifier)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider? provider = null;
        Exception? refusal = null;
        void CallBack()
        {
            try
            {
                provider!.GetAccessTokenAsync().AsTask().GetAwaiter().GetResult();
            }
            catch (InvalidOperationException e)
            {
                refusal = e;
            }
        }

        login.Server.EnqueueTokenBehavior(TokenEndpointBehavior.Error("invalid_client", 401));
        using var invoker = new HttpMessageInvoker(new Relay(new SocketsHttpHandler(), (_, send) =>
        {
            if (!isClassifier)
            {
                CallBack();
            }

            return send();
        }));
        provider = login.CreateProvider(services: new()
        {
            HttpMessageInvoker = invoker,
            TokenErrorClassifier = new Classifier(_ =>
            {
                if (isClassifier)
                {
                    CallBack();
                }

                return null;
            }),
        });

        Func<Task> act = () => provider.GetAccessTokenAsync().AsTask().WaitAsync(Patience);

        await act.Should().ThrowAsync<TokenRefreshConfigurationException>();
        refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("from inside its own refresh");
        using FileCredentialsStore store = login.CreateStore();
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero);
        lease.Should().NotBeNull();
    }

    private static FileCredentialsStore CreateFileStore(string path, TimeProvider time) =>
        new(new(path, CredentialsFileFormat.Auto, lockPath: null, allowUnreliableLock: false, TimeSpan.FromSeconds(5)), time);

    private static async Task SignInAsync(FileCredentialsStore store)
    {
        await using ICredentialsLease lease = (await store.AcquireLeaseAsync(TimeSpan.Zero))!;
        await lease.PrepareAsync();
        await lease.CommitAsync(null, Expired);
    }

    private static CoordinatedTokenProvider Create(ICredentialsStore store, ITokenEndpointClient client, TimeProvider? clock = null) =>
        CoordinatedTokenProvider.Create(
            _ => { }, new() { CredentialsStore = store, TokenEndpointClient = client, TimeProvider = clock });

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

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Count();
            return base.CreateTimer(callback, state, dueTime, period);
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

    private sealed class Classifier(Func<TokenErrorResponse, TokenEndpointOutcome?> classify) : ITokenErrorClassifier
    {
        public TokenEndpointOutcome? Classify(TokenErrorResponse error) => classify(error);
    }

    private sealed class AnnouncesWait(ICredentialsStore inner) : StoreDecorator(inner)
    {
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Waiting => _waiting.Task;

        public override ValueTask<ICredentialsLease?> AcquireLeaseAsync(
            TimeSpan timeout, CancellationToken cancellationToken = default)
        {
            ValueTask<ICredentialsLease?> lease = Inner.AcquireLeaseAsync(timeout, cancellationToken);
            if (timeout > TimeSpan.Zero)
            {
                _waiting.TrySetResult();
            }

            return lease;
        }
    }

    private sealed class Hangs(ICredentialsStore inner, string place) : StoreDecorator(inner)
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Reached => _reached.Task.WaitAsync(Patience);

        protected override ICredentialsLease Wrap(ICredentialsLease lease) => new Lease(this, lease);

        private async ValueTask PassAsync(string here)
        {
            if (here == place)
            {
                _reached.TrySetResult();
                await new TaskCompletionSource().Task;
            }
        }

        private sealed class Lease(Hangs store, ICredentialsLease lease) : LeaseDecorator(lease)
        {
            public override async ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
            {
                await store.PassAsync("read");
                return await base.ReadAsync(cancellationToken);
            }

            public override async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default)
            {
                await store.PassAsync("prepare");
                return await base.PrepareAsync(cancellationToken);
            }
        }
    }

    private sealed class CallsBack : ILoggerProvider, ILogger
    {
        internal CoordinatedTokenProvider? Provider { get; set; }

        internal string What { get; init; } = "";

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
                Task call = What switch
                {
                    "refresh" => Provider!.RefreshAccessTokenAsync(new AccessToken("rejected")).AsTask(),
                    "store" => Provider!.StoreAsync(new OAuthCredentials("access-2", "refresh-2")),
                    "remove" => Provider!.RemoveAsync(),
                    "dispose" => Provider!.DisposeAsync().AsTask(),
                    _ => Provider!.GetAccessTokenAsync().AsTask(),
                };
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
}
