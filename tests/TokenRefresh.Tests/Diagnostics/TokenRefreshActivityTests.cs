using System.Diagnostics;
using System.Threading.Channels;
using FluentAssertions;
using TokenRefresh.Diagnostics;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Diagnostics;

public sealed class TokenRefreshActivityTests
{
    [Fact]
    public async Task A_refresh_is_a_child_of_its_caller_and_the_parent_of_its_steps()
    {
        using var ended = new EndedActivities();
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        CoordinatedTokenProvider provider = login.CreateProvider();
        using var caller = new Activity("caller").Start();

        await provider.GetAccessTokenAsync();

        Activity refresh = await ended.FirstAsync(a => a.OperationName == "token_refresh.refresh" && a.TraceId == caller.TraceId);
        refresh.ParentSpanId.Should().Be(caller.SpanId);
        refresh.Links.Should().BeEmpty();
        foreach (string step in new[] { "token_refresh.exchange", "token_refresh.save" })
        {
            (await ended.FirstAsync(a => a.OperationName == step && a.TraceId == caller.TraceId))
                .ParentSpanId.Should().Be(refresh.SpanId);
        }
    }

    [Fact]
    public async Task A_background_refresh_is_a_trace_of_its_own_linked_to_the_caller_that_noticed_the_due_token()
    {
        var clock = new ManualTimeProvider();
        using var ended = new EndedActivities();
        await using SharedLogin login = await SharedLogin.StartAsync(new() { TimeProvider = clock });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = clock });
        await provider.GetAccessTokenAsync();
        clock.Advance(TimeSpan.FromMinutes(57));
        using var exchange = login.Server.ParkNextTokenRequest();
        var caller = new Activity("caller").Start();

        await provider.GetAccessTokenAsync();
        caller.Stop();
        await exchange.Arrived;
        exchange.Release();

        Activity refresh = await ended.FirstAsync(a => a.Links.Any(link => link.Context.SpanId == caller.SpanId));
        refresh.OperationName.Should().Be("token_refresh.refresh");
        refresh.GetTagItem("token_refresh.background").Should().Be(true);
        refresh.TraceId.Should().NotBe(caller.TraceId);
        refresh.ParentId.Should().BeNull();
    }

    [Fact]
    public async Task A_due_token_that_is_noticed_outside_any_activity_starts_a_trace_without_links()
    {
        using var listener = Listen();

        using Activity? refresh = await Task.Run(() => TokenRefreshActivities.StartRefresh("claude", background: true, caller: default));

        refresh!.ParentId.Should().BeNull();
        refresh.Links.Should().BeEmpty();
    }

    [Fact]
    public void Names_and_tags_are_the_documented_ones()
    {
        using var listener = Listen();

        using var refresh = TokenRefreshActivities.StartRefresh("claude", background: false, caller: default);
        using var wait = TokenRefreshActivities.Start(TokenRefreshActivities.LockWait);
        using var exchange = TokenRefreshActivities.StartExchange(new Uri("https://auth.example.com:8443/token?key=hidden"));
        using var save = TokenRefreshActivities.Start(TokenRefreshActivities.Save);
        refresh.SetOutcome(RefreshOutcome.Rejected);

        new[] { refresh, wait, exchange, save }.Select(a => a!.OperationName)
            .Should().Equal("token_refresh.refresh", "token_refresh.lock.wait", "token_refresh.exchange", "token_refresh.save");
        exchange!.TagObjects.Should().BeEquivalentTo(
                new Dictionary<string, object?>(StringComparer.Ordinal)
                {
                    ["server.address"] = "auth.example.com",
                    ["server.port"] = 8443,
                });
        refresh!.GetTagItem("token_refresh.name").Should().Be("claude");
        refresh.GetTagItem("token_refresh.background").Should().Be(false);
        refresh.GetTagItem("token_refresh.outcome").Should().Be("rejected");
        refresh.Source.Name.Should().Be(TokenRefreshDiagnostics.ActivitySourceName);
        refresh.Source.Version.Should().NotBeEmpty();
    }

    [Fact]
    [FailureMode("F88")]
    public void A_failure_is_noted_by_its_type_and_not_by_its_message()
    {
        using var listener = Listen();
        using var refresh = TokenRefreshActivities.StartRefresh("claude", background: false, caller: default);

        refresh.SetFailure(new HttpRequestException("secret-in-a-foreign-message"));

        refresh!.Status.Should().Be(ActivityStatusCode.Error);
        refresh.StatusDescription.Should().BeNull();
        refresh.TagObjects.Should().Contain(new KeyValuePair<string, object?>("error.type", "System.Net.Http.HttpRequestException"));
    }

    private static ActivityListener Listen(Action<Activity>? ended = null)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TokenRefreshDiagnostics.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    /// <summary>The library's activities as they end, also those of tests that run at the same time.</summary>
    private sealed class EndedActivities : IDisposable
    {
        private readonly Channel<Activity> _ended = Channel.CreateUnbounded<Activity>();
        private readonly List<Activity> _seen = [];
        private readonly ActivityListener _listener;

        internal EndedActivities() => _listener = Listen(activity => _ended.Writer.TryWrite(activity));

        public void Dispose() => _listener.Dispose();

        internal async Task<Activity> FirstAsync(Func<Activity, bool> predicate)
        {
            while (true)
            {
                if (_seen.Find(activity => predicate(activity)) is { } found)
                {
                    return found;
                }

                _seen.Add(await _ended.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
            }
        }
    }
}
