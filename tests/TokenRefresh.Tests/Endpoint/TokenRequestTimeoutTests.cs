using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>A limit that passes within a token request.</summary>
public sealed class TokenRequestTimeoutTests
{
    [Theory]
    [FailureMode("F12", "F52")]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData("Content-Length: 200\r\n\r\n", false)]
    [InlineData("Content-Length: 200\r\n\r\n", true)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nff\r\n", true)]
    [InlineData("Connection: close\r\n\r\n", true)]
    public async Task A_time_out_after_the_body_left_is_unknown(string? headers, bool isBuiltIn)
    {
        var time = new FakeTimeProvider();
        var arrived = new TaskCompletionSource();
        await using var server = new WireServer(async e =>
        {
            if (headers is not null)
            {
                await e.SendAsync($"HTTP/1.1 200 OK\r\n{headers}{{\"access_token\"");
            }

            arrived.SetResult();
            await e.StallAsync();
        });
        using HttpMessageInvoker invoker = isBuiltIn
            ? new TokenEndpointTransport()
            : new HttpMessageInvoker(TokenEndpointTransport.CreateHandler());

        Task<TokenEndpointResult> refresh = Given.Client(invoker, o => o.TokenEndpoint = server.TokenEndpoint, time: time)
            .RefreshAsync(new TokenRequest(Given.RefreshToken)).AsTask();
        await arrived.Task;
        time.Advance(TimeSpan.FromSeconds(15));
        TokenEndpointResult result = await refresh.WaitAsync(TimeSpan.FromSeconds(30));

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.Exception.Should().BeOfType<TimeoutException>().Which.Message.Should().Contain("'AttemptTimeout'").And.Contain("00:00:15");
    }

    [Fact]
    public async Task A_time_out_during_the_announcement_sends_nothing_and_waits_for_its_end()
    {
        var time = new FakeTimeProvider();
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""));
        using var handler = new SeesItsLimit();
        var announcing = new TaskCompletionSource();
        var release = new TaskCompletionSource();

        Task<TokenEndpointResult> refresh = Given.Client(handler, o => o.TokenEndpoint = server.TokenEndpoint, time: time)
            .RefreshAsync(new TokenRequest("rt", async _ =>
        {
            announcing.SetResult();
            await release.Task;
        })).AsTask();
        await announcing.Task;
        time.Advance(TimeSpan.FromSeconds(15));
        await handler.LimitPassed;
        bool endedEarly = refresh.IsCompleted;
        release.SetResult();
        TokenEndpointResult result = await refresh;

        endedEarly.Should().BeFalse();
        result.Outcome.Should().Be(TokenEndpointOutcome.NotSent);
        server.Requests.Should().BeEmpty();
    }

    private sealed class SeesItsLimit() : DelegatingHandler(TokenEndpointTransport.CreateHandler())
    {
        private readonly TaskCompletionSource _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task LimitPassed => _passed.Task.WaitAsync(TimeSpan.FromSeconds(30));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.Register(_passed.SetResult);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
