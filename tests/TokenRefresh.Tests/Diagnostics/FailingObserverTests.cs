using System.Diagnostics;
using System.Diagnostics.Metrics;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>
/// Loggers and listeners that throw, as those do that were disposed before the provider. They are process-wide in part, so nothing runs
/// beside these tests.
/// </summary>
[CollectionDefinition(nameof(FailingObserverTests), DisableParallelization = true)]
[Collection(nameof(FailingObserverTests))]
public sealed class FailingObserverTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [FailureMode("F34")]
    public async Task A_logger_that_throws_costs_neither_a_token_nor_the_lock()
    {
        using var logger = new LogCollector { Failure = Failure };

        await RefreshSaveAndSignOutAsync(new() { TimeProvider = _clock, LoggerFactory = logger });

        logger.CountOf(TokenRefreshEventIds.LockAcquired).Should().Be(3);
        logger.CountOf(TokenRefreshEventIds.LockReleased).Should().Be(3, "of two refreshes and the sign-out");
        logger.CountOf(TokenRefreshEventIds.Refreshed).Should().Be(2);
        logger.CountOf(TokenRefreshEventIds.SignedOut).Should().Be(1);
    }

    [Fact]
    [FailureMode("F34")]
    public async Task A_listener_of_measurements_that_throws_costs_neither_a_token_nor_the_lock()
    {
        using var collected = new CollectedMeasurements();
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => self.EnableMeasurementEvents(instrument) };
        var thrown = 0;
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, collected.Factory))
            {
                Interlocked.Increment(ref thrown);
                throw Failure();
            }
        });
        listener.Start();

        await RefreshSaveAndSignOutAsync(new() { TimeProvider = _clock, MeterFactory = collected.Factory });

        thrown.Should().BePositive();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F34")]
    public async Task A_listener_of_activities_that_throws_costs_neither_a_token_nor_the_lock(bool isAtStart)
    {
        var thrown = new HashSet<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TokenRefreshDiagnostics.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = activity => Throw(activity, isAtStart),
            ActivityStopped = activity => Throw(activity, !isAtStart),
        };
        ActivitySource.AddActivityListener(listener);

        await RefreshSaveAndSignOutAsync(new() { TimeProvider = _clock });

        thrown.Should().Contain(["token_refresh.refresh", "token_refresh.lock.wait", "token_refresh.exchange", "token_refresh.save"]);

        void Throw(Activity activity, bool isNow)
        {
            if (isNow)
            {
                lock (thrown)
                {
                    thrown.Add(activity.OperationName);
                }

                throw Failure();
            }
        }
    }

    private static Exception Failure() =>
        new AggregateException("An error occurred while writing to logger(s).", new ObjectDisposedException("sink"));

    private async Task RefreshSaveAndSignOutAsync(CoordinatedTokenProviderServices services)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: services);

        AccessToken first = await provider.GetAccessTokenAsync();
        AccessToken next = await provider.RefreshAccessTokenAsync(first);
        AccessToken seen = await login.CreateProvider(services: new() { TimeProvider = _clock }).GetAccessTokenAsync();
        await provider.RemoveAsync();

        seen.Value.Should().Be(next.Value, "it was saved");
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 2, Grants = 2, Reuses = 0 });
        using TokenRefresh.Stores.FileCredentialsStore store = login.CreateStore();
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero);
        lease.Should().NotBeNull("the lock was given back");
    }
}
