using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.DependencyInjection;

public sealed class StartTests
{
    [Fact]
    [FailureMode("F20", "F92")]
    public async Task A_host_with_options_that_do_not_hold_does_not_start_and_tells_every_failure_of_every_login()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTokenRefresh("one", o =>
        {
            SomeOptions.MakeValid(o);
            o.LockTimeout = TimeSpan.FromSeconds(20);
            o.TokenEndpoint = new Uri("http://auth.example.com/token");
        });
        builder.Services.AddTokenRefresh(o =>
        {
            SomeOptions.MakeValid(o);
            o.ClientId = null;
        });
        using var host = builder.Build();

        var refusal = await Xunit.Record.ExceptionAsync(() => host.StartAsync());

        var failures = refusal
            .Should().BeOfType<AggregateException>().Subject.InnerExceptions.Cast<OptionsValidationException>()
            .SelectMany(e => e.Failures);
        failures.Should().HaveCount(3)
            .And.ContainMatch("Token refresh 'one': 'LockTimeout' is*")
            .And.ContainMatch("Token refresh 'one': 'TokenEndpoint' is*")
            .And.ContainMatch("'ClientId' is not set*");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_fake_in_the_place_of_the_provider_needs_no_valid_options(bool isFirst)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var fake = new StaticTokenProvider("fake");
        if (isFirst)
        {
            builder.Services.AddSingleton<ITokenProvider>(fake);
            builder.Services.AddKeyedSingleton<ITokenProvider>("claude", fake);
        }

        builder.Services.AddTokenRefresh(_ => { });
        builder.Services.AddTokenRefresh("claude", _ => { });
        var sent = new RecordingHandler();
        builder.Services.AddHttpClient("api").AddTokenRefreshHandler("claude").ConfigurePrimaryHttpMessageHandler(() => sent);
        if (!isFirst)
        {
            builder.Services.AddSingleton<ITokenProvider>(fake);
            builder.Services.AddKeyedSingleton<ITokenProvider>("claude", fake);
        }

        using var host = builder.Build();

        await host.StartAsync();

        host.Services.GetRequiredService<ITokenProvider>().Should().BeSameAs(fake);
        host.Services.GetRequiredKeyedService<ITokenProvider>("claude").Should().BeSameAs(fake);
        await host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync(new Uri("https://api.example.com/"));
        sent.Authorizations.Should().Equal("Bearer fake");
        await host.StopAsync();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_fake_of_the_only_login_with_or_without_its_name_is_what_a_client_without_a_name_gets(bool isKeyed, bool isFirst)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var sent = new RecordingHandler();
        Action register = () =>
        {
            builder.Services.AddTokenRefresh("claude", _ => { });
            builder.Services.AddHttpClient("api").AddTokenRefreshHandler().ConfigurePrimaryHttpMessageHandler(() => sent);
        };
        Action fake = () => builder.Services.Add(
            new ServiceDescriptor(typeof(ITokenProvider), isKeyed ? "claude" : null, new StaticTokenProvider("fake")));
        (isFirst ? fake + register : register + fake)();
        using var host = builder.Build();

        await host.StartAsync();

        await host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync(new Uri("https://api.example.com/"));
        sent.Authorizations.Should().Equal("Bearer fake");
        await host.StopAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_does_not_say_which_of_several_logins_it_means_fails_at_start(bool isForAll)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTokenRefresh("one", SomeOptions.MakeValid);
        builder.Services.AddTokenRefresh("two", SomeOptions.MakeValid);
        if (isForAll)
        {
            builder.Services.ConfigureHttpClientDefaults(client => client.AddTokenRefreshHandler());
        }
        else
        {
            builder.Services.AddHttpClient("api").AddTokenRefreshHandler();
        }

        using var host = builder.Build();

        var start = host.Awaiting(h => h.StartAsync());

        await start.Should().ThrowAsync<OptionsValidationException>()
            .WithMessage("The HTTP client '*' needs a token. Several token refreshes are registered ('one', 'two')*Say which one*");
    }

    [Fact]
    public async Task A_host_with_options_that_hold_starts_without_making_the_provider()
    {
        var made = false;
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTokenRefresh(o => (o.ClientId, o.TokenEndpoint) = ("my-cli", new Uri("https://auth.example.com/token")))
            .UseStore(_ =>
        {
            made = true;
            return new UnusedStore();
        });
        using var host = builder.Build();

        await host.StartAsync();

        made.Should().BeFalse();
        await host.StopAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [FailureMode("F84")]
    public async Task A_host_that_is_stopped_during_an_exchange_ends_after_the_tokens_are_saved(bool synchronous)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTokenRefresh(
            o => (o.CredentialsPath, o.ClientId, o.TokenEndpoint) = (login.Path, "tests", login.Server.TokenUri));
        var host = builder.Build();
        await host.StartAsync();
        using ParkedExchange<AccessToken> exchange = await login.ParkAsync(host.Services.GetRequiredService<ITokenProvider>());

        await host.StopAsync();
        var end = synchronous ? Task.Run(host.Dispose) : ((IAsyncDisposable)host).DisposeAsync().AsTask();
        end.IsCompleted.Should().BeFalse();
        exchange.Release();
        await end;

        (await login.CreateProvider().GetAccessTokenAsync()).Value.Should().Be((await exchange.Caller).Value);
        login.Server.Books.Should().BeEquivalentTo(new { TokenRequests = 1, Grants = 1 });
    }
}
