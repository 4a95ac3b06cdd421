using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.DependencyInjection;

public sealed class AddTokenRefreshHandlerTests
{
    private static readonly Uri Api = new("https://api.example.com/things");

    [Fact]
    public async Task A_named_client_sends_the_token_of_the_named_login()
    {
        var sent = new RecordingHandler();
        await using var services = Containers.Build(s =>
        {
            AddFake(s, "claude");
            AddFake(s, "other");
            s.AddHttpClient("api")
                .AddTokenRefreshHandler("claude", o => o.AllowedOrigins.Add("https://api.example.com"))
                .ConfigurePrimaryHttpMessageHandler(() => sent);
        });

        await services.Client("api").GetAsync(Api);

        sent.Authorizations.Should().Equal("Bearer token of claude");
    }

    [Fact]
    public async Task A_typed_client_sends_the_token_of_the_unnamed_login()
    {
        var sent = new RecordingHandler();
        await using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh(SomeOptions.MakeValid);
            s.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
            s.AddHttpClient<TypedClient>().AddTokenRefreshHandler().ConfigurePrimaryHttpMessageHandler(() => sent);
        });

        await services.GetRequiredService<TypedClient>().Http.GetAsync(Api);

        sent.Authorizations.Should().Equal("Bearer token");
    }

    [Fact]
    [FailureMode("F70")]
    public async Task The_options_reach_the_handler()
    {
        var sent = new RecordingHandler();
        await using var services = Containers.Build(s =>
        {
            s.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
            s.AddHttpClient("api")
                .AddTokenRefreshHandler(o => o.AllowedOrigins.Add("https://elsewhere.example.com"))
                .ConfigurePrimaryHttpMessageHandler(() => sent);
        });

        await services.Client("api").GetAsync(Api);

        sent.Authorizations.Should().Equal("none");
    }

    [Theory]
    [InlineData(null, "The HTTP client 'api' needs a token, and no ITokenProvider is registered. Call 'AddTokenRefresh' on the services.")]
    [InlineData(
        "claude",
        "The HTTP client 'api' needs a token of 'claude', and no ITokenProvider is registered under that name. "
        + "Call 'AddTokenRefresh(\"claude\", ...)'*")]
    public async Task A_login_that_is_not_registered_is_told_with_the_call_that_is_missing_at_start_and_with_the_first_client(
        string? name, string message)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var client = builder.Services.AddHttpClient("api");
        _ = name is null ? client.AddTokenRefreshHandler() : client.AddTokenRefreshHandler(name);
        using var host = builder.Build();

        var start = host.Awaiting(h => h.StartAsync());
        var create = host.Invoking(h => h.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api"));

        await start.Should().ThrowAsync<OptionsValidationException>().WithMessage(message);
        create.Should().Throw<OptionsValidationException>().WithMessage(message);
    }

    [Fact]
    public async Task A_wrong_setting_of_the_handler_fails_at_start()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
        builder.Services.AddHttpClient("api").AddTokenRefreshHandler(o => o.BufferLimit = -1);
        builder.Services.ConfigureHttpClientDefaults(d => d.AddTokenRefreshHandler(o => o.AllowedOrigins.Add("http://api.example.com")));
        using var host = builder.Build();

        var refusal = await Xunit.Record.ExceptionAsync(() => host.StartAsync());

        refusal.Should().BeOfType<AggregateException>().Which.InnerExceptions.Select(e => e.Message).Should()
            .ContainMatch("'BufferLimit' is '-1'*").And.ContainMatch("'AllowedOrigins' holds 'http://api.example.com'*");
    }

    [Fact]
    public void Two_handlers_on_one_client_are_refused_at_once()
    {
        var client = new ServiceCollection().AddHttpClient("api").AddTokenRefreshHandler();

        var again = client.Invoking(c => c.AddTokenRefreshHandler("claude"));

        again.Should().Throw<InvalidOperationException>()
            .WithMessage("The HTTP client 'api' has two of BearerTokenHandler*Call 'AddTokenRefreshHandler' once per client*");
    }

    [Fact]
    public void Two_handlers_that_only_meet_in_the_pipeline_are_refused_when_it_is_built()
    {
        using var byHand = Containers.Build(s =>
        {
            s.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
            s.AddHttpClient("api")
                .AddTokenRefreshHandler()
                .AddHttpMessageHandler(p => new BearerTokenHandler(p.GetRequiredService<ITokenProvider>()));
        });
        using var byDefault = Containers.Build(s =>
        {
            s.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
            s.AddHttpClient("api").AddTokenRefreshHandler();
            s.ConfigureHttpClientDefaults(d => d.AddTokenRefreshHandler());
        });

        byHand.Invoking(s => s.Client("api"))
            .Should().Throw<InvalidOperationException>()
            .WithMessage("The HTTP client 'api' has two of BearerTokenHandler*");
        byDefault.Invoking(s => s.Client("api"))
            .Should().Throw<InvalidOperationException>()
            .WithMessage("The HTTP client 'api' has two of BearerTokenHandler*");
        byDefault.Invoking(s => s.Client("another")).Should().NotThrow();
    }

    [Fact]
    [FailureMode("F56")]
    public void The_client_of_the_token_endpoint_refuses_the_handler_at_once_however_it_is_reached()
    {
        var services = new ServiceCollection();
        var builder = services.AddTokenRefresh("claude", SomeOptions.MakeValid);

        var byBuilder = builder.Invoking(b => b.ConfigureTokenEndpointClient(c => c.AddTokenRefreshHandler("claude")));
        var byName = services.Invoking(s => s.AddHttpClient("TokenRefresh:claude").AddTokenRefreshHandler());

        byBuilder.Should().Throw<InvalidOperationException>().WithMessage("The HTTP client 'TokenRefresh:claude' sends token requests*");
        byName.Should().Throw<InvalidOperationException>().WithMessage("The HTTP client 'TokenRefresh:claude' sends token requests*");
    }

    [Fact]
    [FailureMode("F56")]
    public void A_handler_put_into_the_token_endpoint_s_client_by_hand_is_refused_when_the_pipeline_is_built()
    {
        using var services = Containers.Build(s => s.AddTokenRefresh(SomeOptions.MakeValid)
            .ConfigureTokenEndpointClient(c => c.AddHttpMessageHandler(() => new BearerTokenHandler(new StaticTokenProvider("token")))));

        var create = services.Invoking(s => s.Client("TokenRefresh"));

        create.Should().Throw<InvalidOperationException>()
            .WithMessage("The HTTP client 'TokenRefresh' sends token requests, and a BearerTokenHandler in it would wait*");
    }

    [Fact]
    [FailureMode("F56")]
    public async Task A_handler_for_all_clients_leaves_the_token_endpoint_s_own_one_out()
    {
        var sent = new RecordingHandler();
        await using var services = Containers.Build(s =>
        {
            s.ConfigureHttpClientDefaults(d => d.AddTokenRefreshHandler().ConfigurePrimaryHttpMessageHandler(() => sent));
            s.AddTokenRefresh("claude", SomeOptions.MakeValid);
            s.AddSingleton<ITokenProvider>(new StaticTokenProvider("token"));
        });

        await services.Client("TokenRefresh:claude").GetAsync(Api);
        await services.Client("api").GetAsync(Api);

        sent.Authorizations.Should().Equal("none", "Bearer token");
    }

    private static void AddFake(IServiceCollection services, string name)
    {
        services.AddTokenRefresh(name, SomeOptions.MakeValid);
        services.AddKeyedSingleton<ITokenProvider>(name, new StaticTokenProvider($"token of {name}"));
    }

    private sealed class TypedClient(HttpClient http)
    {
        public HttpClient Http { get; } = http;
    }
}
