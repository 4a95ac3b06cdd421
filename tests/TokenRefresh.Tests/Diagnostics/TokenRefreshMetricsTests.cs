using System.Diagnostics.Metrics;
using FluentAssertions;
using TokenRefresh.Diagnostics;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Diagnostics;

public sealed class TokenRefreshMetricsTests
{
    [Fact]
    public void Every_measurement_has_the_documented_name_unit_and_tags()
    {
        using var collected = new CollectedMeasurements();
        var metrics = new TokenRefreshMetrics(collected.Factory, "claude");

        metrics.RefreshCompleted(RefreshOutcome.Refreshed, TimeSpan.FromMilliseconds(250));
        metrics.LockWaited(TimeSpan.FromSeconds(2));
        metrics.CallerJoined();
        metrics.SaveFailed();
        metrics.RemainingLifetimeAtRefresh(TimeSpan.FromSeconds(-1.5));

        collected.Lines.Should().Equal(
            "token_refresh.refresh.duration 0.25 s token_refresh.name=claude token_refresh.outcome=refreshed",
            "token_refresh.lock.wait.duration 2 s token_refresh.name=claude",
            "token_refresh.callers.joined 1 {caller} token_refresh.name=claude",
            "token_refresh.save.failures 1 {failure} token_refresh.name=claude",
            "token_refresh.token.remaining_lifetime -1.5 s token_refresh.name=claude");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void An_unnamed_login_has_no_name_tag(string? name)
    {
        using var collected = new CollectedMeasurements();
        var metrics = new TokenRefreshMetrics(collected.Factory, name);

        metrics.RefreshCompleted(RefreshOutcome.Adopted, TimeSpan.Zero);
        metrics.CallerJoined();

        collected.Lines
            .Should().Equal("token_refresh.refresh.duration 0 s token_refresh.outcome=adopted", "token_refresh.callers.joined 1 {caller}");
    }

    [Fact]
    public void The_outcomes_are_those_the_documentation_lists()
    {
        string[] outcomes =
        [
            RefreshOutcome.Refreshed, RefreshOutcome.Adopted, RefreshOutcome.Rejected, RefreshOutcome.Unknown, RefreshOutcome.Failed,
        ];

        outcomes.Should().Equal("refreshed", "adopted", "rejected", "unknown", "failed");
    }

    [Fact]
    public void Two_logins_on_one_factory_share_their_instruments()
    {
        using var collected = new CollectedMeasurements();

        new TokenRefreshMetrics(collected.Factory, "one").SaveFailed();
        new TokenRefreshMetrics(collected.Factory, "two").SaveFailed();

        collected.Instruments.Should().HaveCount(4).And.OnlyHaveUniqueItems(i => i.Name);
        collected.Instruments
            .Should().OnlyContain(i => i.Meter.Name == TokenRefreshDiagnostics.MeterName && !string.IsNullOrEmpty(i.Description));
        collected.Lines.Should().HaveCount(2);
    }

    [Fact]
    public void Histograms_advise_buckets_that_tell_the_time_outs_and_margins_apart()
    {
        using var collected = new CollectedMeasurements();
        _ = new TokenRefreshMetrics(collected.Factory);

        var histograms = collected.Instruments.OfType<Histogram<double>>()
            .ToDictionary(h => h.Name, h => h.Advice?.HistogramBucketBoundaries, StringComparer.Ordinal);

        histograms["token_refresh.refresh.duration"].Should().BeInAscendingOrder().And.Contain([15, 20, 30]);
        histograms["token_refresh.lock.wait.duration"].Should().BeInAscendingOrder().And.Contain([15, 20, 30]);
        histograms["token_refresh.token.remaining_lifetime"].Should().BeInAscendingOrder().And.Contain([0, 10, 300]);
    }

    [Fact]
    public void Without_a_factory_the_process_wide_meter_is_used_and_without_a_listener_nothing_is_allocated()
    {
        var metrics = new TokenRefreshMetrics(name: "claude");
        RecordAll(metrics);

        var before = GC.GetAllocatedBytesForCurrentThread();
        RecordAll(metrics);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().Be(0);
    }

    [Fact]
    public async Task A_request_that_is_sent_again_is_counted_on_the_process_wide_meter()
    {
        var counted = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == TokenRefreshDiagnostics.MeterName && instrument.Name == "token_refresh.http.retries")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
        using var client = new HttpClient(
            new BearerTokenHandler(new StaticTokenProvider(new AccessToken("one"), new AccessToken("two")))
            {
                InnerHandler = new RejectsFirst(),
            });

        using HttpResponseMessage response = await client.GetAsync(new Uri("https://api.example.com/"));

        response.IsSuccessStatusCode.Should().BeTrue();
        Interlocked.Read(ref counted).Should().BePositive("other tests of this process may resend at the same time");
    }

    [Fact]
    [FailureMode("F34")]
    public void A_listener_that_throws_when_it_is_told_of_a_counter_is_told_once()
    {
        using var collected = new CollectedMeasurements();
        var metrics = new TokenRefreshMetrics(collected.Factory, "claude");
        var told = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, collected.Factory) && instrument.Name == "token_refresh.save.failures")
                {
                    told++;
                    throw new InvalidOperationException("The listener is full.");
                }
            },
        };
        listener.Start();

        metrics.SaveFailed();
        metrics.SaveFailed();

        told.Should().Be(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_process_wide_meter_is_seen_by_listeners_attached_before_its_first_refresh_and_after(bool isBefore)
    {
        string name = Guid.NewGuid().ToString();
        var failures = 0L;
        var metrics = new TokenRefreshMetrics(name: name);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == TokenRefreshDiagnostics.MeterName)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>(
            (_, value, tags, _) => failures += tags.ToArray().Any(t => Equals(t.Value, name)) ? value : 0);

        if (isBefore)
        {
            listener.Start();
        }

        metrics.RefreshCompleted(RefreshOutcome.Adopted, TimeSpan.Zero);
        metrics.RemainingLifetimeAtRefresh(TimeSpan.Zero);
        listener.Start();
        metrics.SaveFailed();

        failures.Should().Be(1);
    }

    private sealed class RejectsFirst : HttpMessageHandler
    {
        private int _requests;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(
                new HttpResponseMessage(
                    Interlocked.Increment(ref _requests) == 1 ? System.Net.HttpStatusCode.Unauthorized : System.Net.HttpStatusCode.OK));
    }

    private static void RecordAll(TokenRefreshMetrics metrics)
    {
        metrics.RefreshCompleted(RefreshOutcome.Failed, TimeSpan.Zero);
        metrics.LockWaited(TimeSpan.Zero);
        metrics.CallerJoined();
        metrics.SaveFailed();
        metrics.RemainingLifetimeAtRefresh(TimeSpan.Zero);
    }
}
