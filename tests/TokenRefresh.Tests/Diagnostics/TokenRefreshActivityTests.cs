using System.Diagnostics;
using FluentAssertions;
using TokenRefresh.Diagnostics;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Diagnostics;

public sealed class TokenRefreshActivityTests
{
    [Fact]
    public void A_refresh_is_a_child_of_its_caller_and_the_parent_of_its_steps()
    {
        using var listener = Listen();
        using var caller = new Activity("caller").Start();

        using var flight = TokenRefreshActivities.StartRefresh("claude", background: false);
        using var step = TokenRefreshActivities.StartExchange(null);

        flight!.ParentSpanId.Should().Be(caller.SpanId);
        step!.ParentSpanId.Should().Be(flight.SpanId);
        step.TraceId.Should().Be(caller.TraceId);
    }

    [Fact]
    public void A_background_refresh_is_a_trace_of_its_own_linked_to_the_caller_that_noticed_the_due_token()
    {
        using var listener = Listen();
        using var caller = new Activity("caller").Start();

        using var flight = TokenRefreshActivities.StartRefresh("claude", background: true);

        flight!.TraceId.Should().NotBe(caller.TraceId);
        flight.ParentId.Should().BeNull();
        flight.Links.Should().ContainSingle().Which.Context.SpanId.Should().Be(caller.SpanId);
    }

    [Fact]
    public void Names_and_tags_are_the_documented_ones()
    {
        using var listener = Listen();

        using var flight = TokenRefreshActivities.StartRefresh("claude", background: false);
        using var wait = TokenRefreshActivities.StartLockWait();
        using var exchange = TokenRefreshActivities.StartExchange(new Uri("https://auth.example.com:8443/token?key=hidden"));
        using var save = TokenRefreshActivities.StartSave();
        flight.SetOutcome(RefreshOutcome.Rejected);

        new[] { flight, wait, exchange, save }.Select(a => a!.OperationName)
            .Should().Equal("token_refresh.refresh", "token_refresh.lock.wait", "token_refresh.exchange", "token_refresh.save");
        exchange!.TagObjects.Should().BeEquivalentTo(
                new Dictionary<string, object?>(StringComparer.Ordinal)
                {
                    ["server.address"] = "auth.example.com",
                    ["server.port"] = 8443,
                });
        flight!.GetTagItem("token_refresh.name").Should().Be("claude");
        flight.GetTagItem("token_refresh.background").Should().Be(false);
        flight.GetTagItem("token_refresh.outcome").Should().Be("rejected");
        flight.Source.Name.Should().Be(TokenRefreshDiagnostics.ActivitySourceName);
        flight.Source.Version.Should().NotBeEmpty();
    }

    [Fact]
    [FailureMode("F88")]
    public void A_failure_is_noted_by_its_type_and_not_by_its_message()
    {
        using var listener = Listen();
        using var flight = TokenRefreshActivities.StartRefresh("claude", background: false);

        flight.SetFailure(new HttpRequestException("secret-in-a-foreign-message"));

        flight!.Status.Should().Be(ActivityStatusCode.Error);
        flight.StatusDescription.Should().BeNull();
        flight.TagObjects.Should().Contain(new KeyValuePair<string, object?>("error.type", "System.Net.Http.HttpRequestException"));
    }

    private static ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TokenRefreshDiagnostics.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
