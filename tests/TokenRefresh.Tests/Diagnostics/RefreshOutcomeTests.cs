using FluentAssertions;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Diagnostics;

public sealed class RefreshOutcomeTests
{
    [Theory]
    [InlineData("refreshed")]
    [InlineData("adopted")]
    [InlineData("rejected")]
    [InlineData("unknown")]
    [InlineData("failed")]
    public async Task Every_outcome_can_be_told_from_the_metrics_alone(string outcome)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using var measured = new CollectedMeasurements();
        login.Server.DefaultTokenBehavior = outcome switch
        {
            "rejected" => TokenEndpointBehavior.Error("invalid_grant"),
            "unknown" => TokenEndpointBehavior.FailAfterProcessing(),
            "failed" => TokenEndpointBehavior.Throttle(429, "60"),
            _ => TokenEndpointBehavior.Normal,
        };
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { MeterFactory = measured.Factory });
        if (outcome == "adopted")
        {
            await login.CreateProvider().GetAccessTokenAsync();
        }

        // A first call reads a valid token without a refresh; one that had a token rejected adopts what another process stored.
        await Xunit.Record.ExceptionAsync(() => provider.RefreshAccessTokenAsync(new AccessToken(login.Login.AccessToken)).AsTask());

        measured.Lines.Where(line => line.StartsWith("token_refresh.refresh.duration ", StringComparison.Ordinal))
            .Should().ContainSingle().Which.Should().EndWith($" s token_refresh.outcome={outcome}");
    }

    [Fact]
    public async Task Callers_that_join_a_refresh_are_counted()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using var measured = new CollectedMeasurements();
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { MeterFactory = measured.Factory });
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider);

        Task<AccessToken>[] joiners = [.. Enumerable.Range(0, 5).Select(_ => provider.GetAccessTokenAsync().AsTask())];
        exchange.Release();
        await Task.WhenAll(joiners);
        await exchange.Caller;

        measured.Lines.Count(line => line == "token_refresh.callers.joined 1 {caller}").Should().Be(5);
    }
}
