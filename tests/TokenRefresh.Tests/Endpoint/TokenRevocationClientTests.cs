using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Endpoint;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

public sealed class TokenRevocationClientTests
{
    [Fact]
    public async Task The_refresh_token_is_revoked_as_rfc_7009_says()
    {
        string? sent = null;
        var handler = new FakeHandler((_, body, _) =>
        {
            sent = body;
            return Task.FromResult(FakeHandler.Response(200));
        });

        bool revoked = await Client(handler, configure: o => o.AdditionalParameters["tenant"] = "a b")
            .TryRevokeAsync(Given.RefreshToken, CancellationToken.None);

        revoked.Should().BeTrue();
        sent.Should().Be($"token={Given.RefreshToken}&token_type_hint=refresh_token&client_id=my-cli&tenant=a+b");
    }

    [Theory]
    [InlineData(400)]
    [InlineData(302)]
    [InlineData(503)]
    public async Task A_refusal_is_false(int status)
    {
        bool revoked = await Client(FakeHandler.Answering(status)).TryRevokeAsync(Given.RefreshToken, CancellationToken.None);

        revoked.Should().BeFalse();
    }

    [Fact]
    public async Task A_failure_and_a_time_out_are_false_and_a_cancellation_is_thrown()
    {
        var time = new FakeTimeProvider();
        using var caller = new CancellationTokenSource();
        var failing = new FakeHandler((_, _, _) => throw new HttpRequestException("No route."));
        var hanging = new FakeHandler(async (_, _, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return FakeHandler.Response(200);
        });

        bool failed = await Client(failing).TryRevokeAsync("rt", CancellationToken.None);
        Task<bool> timedOut = Client(hanging, time).TryRevokeAsync("rt", CancellationToken.None).AsTask();
        time.Advance(TimeSpan.FromSeconds(15));
        Task<bool> cancelled = Client(hanging).TryRevokeAsync("rt", caller.Token).AsTask();
        await caller.CancelAsync();

        failed.Should().BeFalse();
        (await timedOut).Should().BeFalse();
        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task A_caller_that_leaves_while_an_assertion_is_awaited_is_cancelled_and_a_time_out_is_false()
    {
        var time = new FakeTimeProvider();
        FakeHandler handler = FakeHandler.Answering(200);
        using var caller = new CancellationTokenSource();
        var never = new TaskCompletionSource<string>();
        HttpTokenEndpointClient client = Client(
            handler,
            time,
            o => (o.ClientAuthentication, o.ClientAssertion) = (ClientAuthentication.ClientAssertion, _ => new(never.Task)));

        Task<bool> cancelled = client.TryRevokeAsync("rt", caller.Token).AsTask();
        await caller.CancelAsync();
        Task<bool> timedOut = client.TryRevokeAsync("rt", CancellationToken.None).AsTask();
        time.Advance(TimeSpan.FromSeconds(15));

        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        (await timedOut).Should().BeFalse();
        handler.Count.Should().Be(0);
    }

    private static HttpTokenEndpointClient Client(
        HttpMessageHandler handler, TimeProvider? time = null, Action<TokenRefreshOptions>? configure = null) =>
        Given.Client(
            handler,
            o =>
            {
                o.RevocationEndpoint = new Uri("https://auth.example.com/revoke");
                configure?.Invoke(o);
            },
            time: time);
}
