using System.Net;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.DependencyInjection;

public sealed class TokenEndpointClientTests
{
    private static readonly Uri Endpoint = new("https://auth.example.com/token?key=query-that-must-not-be-read");

    [Fact]
    [FailureMode("F95")]
    public void The_client_follows_no_redirect_keeps_no_cookie_and_has_no_time_out_of_its_own()
    {
        HttpMessageHandler? primary = null;
        using var services = Containers.Build(s => s.AddTokenRefresh("claude", SomeOptions.MakeValid)
            .ConfigureTokenEndpointClient(c => c.ConfigurePrimaryHttpMessageHandler((handler, _) => primary = handler)));

        var client = services.Client("TokenRefresh:claude");

        client.Timeout.Should().Be(Timeout.InfiniteTimeSpan);
        var sockets = primary.Should().BeOfType<SocketsHttpHandler>().Subject;
        sockets.AllowAutoRedirect.Should().BeFalse();
        sockets.UseCookies.Should().BeFalse();
        sockets.PooledConnectionIdleTimeout.Should().Be(TimeSpan.FromSeconds(10));
        sockets.AutomaticDecompression.Should().Be(DecompressionMethods.None);
    }

    [Fact]
    [FailureMode("F56", "F95")]
    public void A_primary_handler_of_the_program_is_kept_with_its_proxy_but_loses_redirects_and_cookies()
    {
        var proxy = new WebProxy("http://proxy.example.com:3128");
        var own = new HttpClientHandler { Proxy = proxy };
        using var services = Containers.Build(s => s.AddTokenRefresh(SomeOptions.MakeValid)
            .ConfigureTokenEndpointClient(c => c.ConfigurePrimaryHttpMessageHandler(() => own)));

        using var client = services.Client("TokenRefresh");

        own.Proxy.Should().BeSameAs(proxy);
        own.AllowAutoRedirect.Should().BeFalse();
        own.UseCookies.Should().BeFalse();
    }

    [Fact]
    [FailureMode("F56")]
    public void The_primary_handler_of_the_program_s_defaults_serves_the_token_call_too()
    {
        var corporate = new SocketsHttpHandler { Proxy = new WebProxy("http://proxy.example.com:3128") };
        using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh(SomeOptions.MakeValid);
            s.ConfigureHttpClientDefaults(d => d.ConfigurePrimaryHttpMessageHandler(() => corporate));
        });

        using var client = services.Client("TokenRefresh");

        corporate.AllowAutoRedirect.Should().BeFalse("it is the handler of this client's pipeline");
    }

    [Fact]
    [FailureMode("F95")]
    public async Task A_shared_handler_that_redirects_and_is_in_use_is_refused()
    {
        using var shared = new SocketsHttpHandler();
        await using var services = Containers.Build(s =>
        {
            s.ConfigureHttpClientDefaults(d => d.ConfigurePrimaryHttpMessageHandler(() => shared));
            s.AddTokenRefresh(SomeOptions.MakeValid);
        });
        await services.Awaiting(s => s.Client("api").GetAsync(new Uri("http://127.0.0.1:1/")))
            .Should().ThrowAsync<HttpRequestException>("nothing listens there");

        var create = services.Invoking(s => s.Client("TokenRefresh"));

        create.Should().Throw<InvalidOperationException>()
            .WithMessage("The HTTP client 'TokenRefresh' sends token requests through a primary handler that has been used before*");
    }

    [Fact]
    [FailureMode("F56")]
    public async Task Each_exchange_asks_the_factory_and_sends_with_the_client_s_headers_and_handlers()
    {
        var sent = new RecordingHandler();
        var created = 0;
        await using var services = Containers.Build(s => s.AddTokenRefresh("claude", SomeOptions.MakeValid)
            .ConfigureTokenEndpointClient(c => c
                .ConfigureHttpClient(h =>
                {
                    created++;
                    h.DefaultRequestHeaders.Add("X-Tenant", "42");
                })
                .ConfigurePrimaryHttpMessageHandler(() => sent)));
        var invoker = ProviderFactory.InvokerOf(services, "claude");

        using var first = await invoker().SendAsync(new HttpRequestMessage(HttpMethod.Post, Endpoint), default);
        using var second = await invoker().SendAsync(new HttpRequestMessage(HttpMethod.Post, Endpoint), default);

        created.Should().Be(2);
        sent.Last!.Headers.GetValues("X-Tenant").Should().Equal("42");
    }

    [Fact]
    [FailureMode("F57")]
    public async Task The_body_of_an_answer_is_left_to_the_reader_that_caps_it()
    {
        var body = new CountingStream();
        var sent = new RecordingHandler { Content = () => new StreamContent(body) };
        await using var services = Containers.Build(
            s =>
                s.AddTokenRefresh(SomeOptions.MakeValid)
                    .ConfigureTokenEndpointClient(c => c.ConfigurePrimaryHttpMessageHandler(() => sent)));

        using var response = await TokenEndpointTransport.SendAsync(
            ProviderFactory.InvokerOf(services, "")(), new HttpRequestMessage(HttpMethod.Post, Endpoint), default);

        body.Reads.Should().Be(0);
    }

    [Fact]
    [FailureMode("F88")]
    public async Task No_logger_of_the_factory_or_of_the_program_s_defaults_sees_a_token_request()
    {
        using var logs = new LogCollector();
        await using var services = Containers.Build(s =>
        {
            s.AddLogging(l => l.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
            s.ConfigureHttpClientDefaults(
                d => d.AddDefaultLogger().RedactLoggedHeaders(_ => false).ConfigurePrimaryHttpMessageHandler(() => new RecordingHandler()));
            s.AddTokenRefresh("claude", SomeOptions.MakeValid);
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint)
        {
            Headers = { { "Authorization", "Basic " + SomeOptions.Secret } },
        };

        using var response = await ProviderFactory.InvokerOf(services, "claude")().SendAsync(request, default);
        using var other = await services.Client("api").GetAsync(new Uri("https://api.example.com/things"));

        logs.Text.Should().Contain("api.example.com", "other clients are logged")
            .And.NotContain("auth.example.com")
            .And.NotContain(SomeOptions.Secret[..8])
            .And.NotContain("query-that");
    }

    private sealed class CountingStream : MemoryStream
    {
        public int Reads { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Reads++;
            return base.Read(buffer, offset, count);
        }

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            Reads++;
            return base.CopyToAsync(destination, bufferSize, cancellationToken);
        }
    }
}
