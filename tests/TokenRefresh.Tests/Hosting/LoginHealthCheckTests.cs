using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Hosting;

public sealed class LoginHealthCheckTests
{
    [Fact]
    public async Task A_login_that_works_is_healthy_also_while_its_access_token_is_expired()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();

        (HealthReportEntry entry, string name) = await CheckAsync(login);

        name.Should().Be("token_refresh_work");
        entry.Status.Should().Be(HealthStatus.Healthy);
        entry.Data["state"].Should().Be("ExpiredButRefreshable");
        entry.Data.Should().ContainKey("accessTokenExpiresAt");
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task A_server_that_is_down_for_the_moment_degrades_it()
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Html(503);

        (HealthReportEntry entry, _) = await CheckAsync(login, asks: true);

        entry.Status.Should().Be(HealthStatus.Degraded);
        entry.Data.Should().ContainKey("retryAt");
    }

    [Theory]
    [InlineData(true, null, HealthStatus.Unhealthy)]
    [InlineData(true, HealthStatus.Degraded, HealthStatus.Degraded)]
    [InlineData(false, null, HealthStatus.Unhealthy)]
    public async Task A_user_who_must_sign_in_or_a_file_that_cannot_be_read_fails_it(
        bool isRejected, HealthStatus? failureStatus, HealthStatus expected)
    {
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.Error("invalid_grant");
        if (!isRejected)
        {
            await File.WriteAllTextAsync(login.Path, "{ broken");
        }

        (HealthReportEntry entry, _) = await CheckAsync(login, asks: isRejected, failureStatus);

        entry.Status.Should().Be(expected);
        entry.Description.Should().Contain(login.Path);
        SecretSearch.CountLeaks(entry.Description!, login.Server.IssuedTokens).Should().Be(0);
    }

    private static async Task<(HealthReportEntry Entry, string Name)> CheckAsync(
        SharedLogin login, bool asks = false, HealthStatus? failureStatus = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddTokenRefresh("work", options =>
        {
            options.CredentialsPath = login.Path;
            options.TokenEndpoint = login.Server.TokenUri;
            options.ClientId = "tests";
        });
        services.AddHealthChecks().AddTokenRefreshHealthCheck("work", failureStatus: failureStatus);
        await using ServiceProvider provider = services.BuildServiceProvider();
        if (asks)
        {
            Func<Task> get = () => provider.GetRequiredService<CoordinatedTokenProvider>().GetAccessTokenAsync().AsTask();
            await get.Should().ThrowAsync<TokenRefreshException>();
        }

        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return (report.Entries.Single().Value, report.Entries.Single().Key);
    }
}
