using System.Net;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Diagnostics;

namespace TokenRefresh.Tests.DependencyInjection;

public sealed class ContainerEndToEndTests
{
    [Fact]
    [FailureMode("F56")]
    public async Task A_client_of_the_factory_gets_through_with_an_expired_login_and_with_a_rejected_token()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        await using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("claude", o => PointTo(login, o))
                .ConfigureTokenEndpointClient(c => c.ConfigureHttpClient(h => h.DefaultRequestHeaders.Add("X-Tenant", "42")));
            s.AddHttpClient("api").AddTokenRefreshHandler("claude");
        });

        using var afterExpiry = await services.Client("api").GetAsync(login.Server.ApiUri);
        login.Server.ExpireAllAccessTokens();
        using var afterRejection = await services.Client("api").GetAsync(login.Server.ApiUri);

        afterExpiry.StatusCode.Should().Be(HttpStatusCode.OK);
        afterRejection.StatusCode.Should().Be(HttpStatusCode.OK);
        login.Server.Books.Grants.Should().Be(2);
        login.Server.Books.Reuses.Should().Be(0);
        login.Server.ReceivedTokenRequests.Should().OnlyContain(r => r.Headers["X-Tenant"] == "42");
    }

    [Fact]
    [FailureMode("F95")]
    public async Task A_redirect_of_the_token_endpoint_is_not_followed_even_by_a_handler_of_the_program_that_would()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        var target = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Location"] = new Uri(login.Server.OtherOrigin, "/token").AbsoluteUri,
        };
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.AnswerWith(307, headers: target);
        await using var services = Containers.Build(s => s.AddTokenRefresh(o => PointTo(login, o))
            .ConfigureTokenEndpointClient(
                c => c.ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler { AllowAutoRedirect = true })));

        var get = services.Awaiting(s => s.GetRequiredService<ITokenProvider>().GetAccessTokenAsync().AsTask());

        await get.Should().ThrowAsync<TokenRefreshConfigurationException>();
        login.Server.Books.TokenRequests.Should().Be(1);
        login.Server.Books.RedirectTargetHits.Should().Be(0);
    }

    [Fact]
    [FailureMode("F97", "F84")]
    public async Task A_container_disposed_synchronously_in_the_middle_of_an_exchange_waits_until_the_tokens_are_saved()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        var services = Containers.Build(s => s.AddTokenRefresh("claude", o => PointTo(login, o)));
        var provider = services.GetRequiredKeyedService<ITokenProvider>("claude");
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(provider, ParkPoint.AfterProcessing);

        var disposal = Task.Run(services.Dispose);
        exchange.Release();
        await disposal;

        (await File.ReadAllTextAsync(login.Path))
            .Should().NotContain(login.Login.RefreshToken, "the pair that the used one was exchanged for must be on disk");
        login.Server.Books.Grants.Should().Be(1);
        await Xunit.Record.ExceptionAsync(() => exchange.Caller);
        await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        services.Invoking(s => s.Dispose()).Should().NotThrow();
    }

    [Fact]
    [FailureMode("F88")]
    public async Task A_whole_refresh_logged_at_trace_level_shows_no_token()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using var logs = new LogCollector();
        AccessToken token;
        await using (var services = Containers.Build(s =>
        {
            s.AddLogging(l => l.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
            s.AddTokenRefresh("claude", o => PointTo(login, o));

            // The factory's logs hand the headers of the program's own clients to structured loggers at Trace, whatever is redacted in
            // their text.
            s.AddHttpClient("api").RemoveAllLoggers().AddTokenRefreshHandler();
        }))
        {
            using var response = await services.Client("api").GetAsync(login.Server.ApiUri);
            token = await services.GetRequiredService<ITokenProvider>().GetAccessTokenAsync();
        }

        logs.Text.Should().Contain(login.Path, "the refresh was logged");
        string stored = await File.ReadAllTextAsync(login.Path);
        string refreshToken = stored.Split("\"refreshToken\":")[1].Split('"')[1];
        string[] secrets = [token.Value, refreshToken, login.Login.AccessToken, login.Login.RefreshToken];
        secrets.Count(secret => logs.Text.Contains(secret[^9..], StringComparison.Ordinal)).Should().Be(0);
    }

    [Fact]
    public async Task A_refresh_is_measured_on_the_container_s_meter_under_the_login_s_name()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using var measured = new CollectedMeasurements();
        await using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("claude", o => PointTo(login, o));
            s.AddSingleton(measured.Factory);
        });

        await services.GetRequiredService<ITokenProvider>().GetAccessTokenAsync();

        measured.Lines.Where(line => line.StartsWith("token_refresh.refresh.duration", StringComparison.Ordinal))
            .Should().ContainSingle().Which.Should().EndWith("token_refresh.name=claude token_refresh.outcome=refreshed");
        measured.Lines.Should().Contain(line => line.StartsWith("token_refresh.token.remaining_lifetime -", StringComparison.Ordinal));
    }

    private static void PointTo(SharedLogin login, TokenRefreshOptions options)
    {
        options.CredentialsPath = login.Path;
        options.TokenEndpoint = login.Server.TokenUri;
        options.ClientId = "tests";
    }
}
