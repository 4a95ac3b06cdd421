using System.Net;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>Handlers of someone else try to present the refresh token twice.</summary>
public sealed class TokenRequestSentOnceTests
{
    [Fact]
    [FailureMode("F95")]
    public async Task A_handler_that_sends_again_on_500_reaches_the_server_once()
    {
        await using var server = new WireServer(e => e.RespondAsync(500));
        using var handler = new Relay(TokenEndpointTransport.CreateHandler(), async (_, next) =>
        {
            HttpResponseMessage first = await next();
            return first.StatusCode == HttpStatusCode.InternalServerError ? await next() : first;
        });

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.Exception.Should().BeOfType<TokenRequestResentException>().Which.Message.Should().Contain("Remove retry");
        server.Requests.Should().ContainSingle();
    }

    [Theory]
    [FailureMode("F118", "F95")]
    [InlineData(503, TokenEndpointOutcome.Throttled)]
    [InlineData(429, TokenEndpointOutcome.Throttled)]
    [InlineData(500, TokenEndpointOutcome.Unknown)]
    [InlineData(400, TokenEndpointOutcome.RefreshTokenRejected)]
    public async Task A_default_handler_that_sends_an_answered_request_again_gets_the_first_answer(
        int status, TokenEndpointOutcome expected)
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(status, """{"error":"invalid_grant"}""", ("Retry-After", "7")));
        int sendings = 0;
        var services = new ServiceCollection();
        services.AddTokenRefresh(o => (o.TokenEndpoint, o.ClientId, o.CredentialsPath) = (server.TokenEndpoint, "my-cli", "login.json"));
        services.ConfigureHttpClientDefaults(d => d.AddHttpMessageHandler(() => new Resending(async (next, _) =>
        {
            HttpResponseMessage answer = await next();
            for (; sendings < 3 && !answer.IsSuccessStatusCode; sendings++)
            {
                answer.Dispose();
                answer = await next();
            }

            return answer;
        })));
        await using ServiceProvider provider = services.BuildServiceProvider();
        Func<HttpMessageInvoker> invoker = ProviderFactory.InvokerOf(provider, "");
        var client = new HttpTokenEndpointClient(
            Given.Settings(o => o.TokenEndpoint = server.TokenEndpoint), invoker, null, TimeProvider.System, NullLogger.Instance);

        TokenEndpointResult result = await client.RefreshAsync(new TokenRequest("rt"));

        result.Outcome.Should().Be(expected);
        result.Error.Should().Be("invalid_grant");
        result.RetryAfter.Should().Be(TimeSpan.FromSeconds(7));
        sendings.Should().Be(3);
        server.Requests.Should().ContainSingle();
    }

    [Theory]
    [FailureMode("F118")]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(408)]
    public async Task The_standard_resilience_handler_makes_no_more_of_an_answer_than_it_is(int status)
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        login.Server.DefaultTokenBehavior = TokenEndpointBehavior.AnswerWith(status, """{"error":"busy"}""");
        var time = new ManualTimeProvider();
        int retries = 0;
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(time);
        services.AddTokenRefresh(o => (o.TokenEndpoint, o.ClientId, o.CredentialsPath) = (login.Server.TokenUri, "my-cli", login.Path));
        services.ConfigureHttpClientDefaults(d => d.AddStandardResilienceHandler(o =>
        {
            o.Retry.Delay = TimeSpan.Zero;
            o.Retry.OnRetry = _ =>
            {
                retries++;
                return default;
            };
        }));
        await using ServiceProvider provider = services.BuildServiceProvider();
        ITokenProvider tokens = provider.GetRequiredService<ITokenProvider>();

        Func<Task> act = async () => await tokens.GetAccessTokenAsync();

        TokenEndpointUnavailableException failure = (await act.Should().ThrowAsync<TokenEndpointUnavailableException>()).Which;
        failure.Message.Should().Contain($"HTTP {status}");
        failure.RetryAt.Should().BeBefore(time.GetUtcNow().AddSeconds(10), "it is a pause of seconds, as without the handler");
        retries.Should().Be(3);
        login.Books.TokenRequests.Should().Be(1);
    }

    [Fact]
    [FailureMode("F118")]
    public async Task A_handler_that_still_waits_to_send_again_when_time_is_up_does_not_lose_the_answer()
    {
        var time = new ManualTimeProvider();
        var waiting = new TaskCompletionSource();
        await using var server = new WireServer(e => e.RespondJsonAsync(400, """{"error":"invalid_grant"}"""));
        using var handler = new Resending(async (next, cancellationToken) =>
        {
            (await next()).Dispose();
            waiting.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            return await next();
        });
        handler.InnerHandler = new FirstAnswerHandler { InnerHandler = TokenEndpointTransport.CreateHandler() };

        Task<TokenEndpointResult> refresh = Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint, time);
        await waiting.Task;
        time.Advance(TimeSpan.FromSeconds(15));
        TokenEndpointResult result = await refresh;

        result.Outcome.Should().Be(TokenEndpointOutcome.RefreshTokenRejected);
        server.Requests.Should().ContainSingle();
    }

    [Fact]
    [FailureMode("F95")]
    public async Task A_handler_that_sends_in_parallel_reaches_the_server_once_and_the_answer_counts()
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at","refresh_token":"rt"}"""));
        Exception? refused = null;
        using var handler = new Relay(TokenEndpointTransport.CreateHandler(), async (_, next) =>
        {
            Task<HttpResponseMessage>[] hedges = [next(), next(), next()];
            HttpResponseMessage? won = null;
            foreach (Task<HttpResponseMessage> hedge in hedges)
            {
                try
                {
                    won = await hedge;
                }
                catch (Exception e)
                {
                    refused = e;
                }
            }

            return won!;
        });

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Response!.RefreshToken.Should().Be("rt");
        (refused is HttpRequestException ? refused.InnerException : refused).Should().BeOfType<TokenRequestResentException>();
        server.Requests.Should().ContainSingle();
    }

    [Fact]
    [FailureMode("F95")]
    public async Task A_hedge_that_comes_late_does_not_send_what_was_reported_as_not_sent()
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""));
        Func<Task<HttpResponseMessage>>? late = null;
        using var handler = new Relay(TokenEndpointTransport.CreateHandler(), (_, next) =>
        {
            late = next;
            throw new HttpRequestException("The circuit is open.");
        });

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);
        Func<Task> act = () => late!();

        result.Outcome.Should().Be(TokenEndpointOutcome.NotSent);
        await act.Should().ThrowAsync<Exception>();
        server.Requests.Should().BeEmpty();
    }

    [Theory]
    [FailureMode("F95")]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed_and_names_the_setting_and_the_host(int status)
    {
        await using var elsewhere = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"stolen"}"""));
        await using var server = new WireServer(
            e => e.RespondAsync(status, "", ("Location", new Uri(elsewhere.Origin, "/token?code=querysecret").ToString())));
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Misconfigured);
        result.StatusCode.Should().Be(status);
        result.Exception.Should().BeOfType<TokenRefreshConfigurationException>().Which.Message.Should()
            .Contain("'TokenEndpoint'").And.Contain(elsewhere.Origin.Authority).And.NotContain("querysecret");
        elsewhere.ConnectionCount.Should().Be(0);
    }

    [Theory]
    [FailureMode("F95")]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_handler_that_follows_redirects_carries_no_refresh_token_to_the_other_origin(int status)
    {
        await using var elsewhere = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"stolen"}"""));
        await using var server = new WireServer(
            e => e.RespondAsync(status, "", ("Location", new Uri(elsewhere.Origin, "/token").ToString())));
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = true };

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.Exception.Should().BeOfType<TokenRequestResentException>();
        server.Requests.Should().ContainSingle();
        elsewhere.Requests.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F95")]
    public async Task A_followed_302_is_taken_for_the_redirect_it_was()
    {
        await using var elsewhere = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"stolen"}"""));
        await using var server = new WireServer(e => e.RespondAsync(302, "", ("Location", new Uri(elsewhere.Origin, "/login").ToString())));
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = true };

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Misconfigured);
        result.Exception!.Message.Should().Contain(elsewhere.Origin.Authority);
        elsewhere.Requests.Should().OnlyContain(r => r.Body.Length == 0);
    }

    [Theory]
    [FailureMode("F95")]
    [InlineData("buffer")]
    [InlineData("text")]
    [InlineData("stream")]
    public async Task A_handler_that_would_keep_the_body_for_later_is_refused_before_anything_is_sent(string how)
    {
        int announced = 0;
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""));
        using var handler = new Relay(TokenEndpointTransport.CreateHandler(), async (request, next) =>
        {
            _ = how switch
            {
                "buffer" => await BufferAsync(request.Content!),
                "text" => await request.Content!.ReadAsStringAsync(),
                _ => (object)await request.Content!.ReadAsStreamAsync(),
            };
            return await next();
        });

        TokenEndpointResult result = await Given.Client(handler, o => o.TokenEndpoint = server.TokenEndpoint)
            .RefreshAsync(new TokenRequest("rt", _ =>
        {
            announced++;
            return default;
        }));

        result.Outcome.Should().Be(TokenEndpointOutcome.Misconfigured);
        result.Exception.Should().BeOfType<TokenRefreshConfigurationException>().Which.Message.Should().Contain("buffer");
        announced.Should().Be(0);
        server.Requests.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F56")]
    public async Task A_bearer_handler_in_the_way_of_the_token_request_is_a_configuration_error_and_nothing_is_sent()
    {
        await using var server = new WireServer(e => e.RespondJsonAsync(200, """{"access_token":"at"}"""));
        using var handler = new BearerTokenHandler(new StaticTokenProvider("at")) { InnerHandler = TokenEndpointTransport.CreateHandler() };

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Misconfigured);
        result.Exception.Should().BeOfType<TokenRefreshConfigurationException>()
            .Which.Message.Should().Contain("token endpoint's own client");
        server.ConnectionCount.Should().Be(0);
    }

    [Fact]
    public async Task The_content_alone_serializes_once_also_into_a_stream_of_ones_own()
    {
        var request = new TokenRequest("rt");
        using var content = new TokenRequestContent("body"u8.ToArray(), "text/plain", request, CancellationToken.None);
        using var first = new MemoryStream();
        using var second = new MemoryStream();

        await content.CopyToAsync(first);
        Func<Task> act = () => content.CopyToAsync(second);

        await act.Should().ThrowAsync<TokenRequestResentException>();
        Encoding.ASCII.GetString(first.ToArray()).Should().Be("body");
        second.Length.Should().Be(0);
        request.IsSent.Should().BeTrue();
    }

    [Fact]
    public void The_content_serializes_once_also_synchronously()
    {
        int announced = 0;
        var request = new TokenRequest("rt", async _ =>
        {
            await Task.Yield();
            announced++;
        });
        using var content = new TokenRequestContent("body"u8.ToArray(), "text/plain", request, CancellationToken.None);
        using var first = new MemoryStream();
        using var second = new MemoryStream();

        content.CopyTo(first, context: null, CancellationToken.None);
        Action act = () => content.CopyTo(second, context: null, CancellationToken.None);

        act.Should().Throw<TokenRequestResentException>();
        Encoding.ASCII.GetString(first.ToArray()).Should().Be("body");
        second.Length.Should().Be(0);
        announced.Should().Be(1);
        request.IsSent.Should().BeTrue();
    }

    [Fact]
    [FailureMode("F95")]
    public async Task A_body_that_another_try_has_replaced_is_not_sent()
    {
        var request = new TokenRequest("rt");
        using var former = new TokenRequestContent("former"u8.ToArray(), "text/plain", request, CancellationToken.None);
        using var next = new TokenRequestContent("next"u8.ToArray(), "text/plain", request, CancellationToken.None);
        using var sent = new MemoryStream();

        Func<Task> act = () => former.CopyToAsync(sent);

        await act.Should().ThrowAsync<TokenRequestResentException>();
        await next.CopyToAsync(sent);
        Encoding.ASCII.GetString(sent.ToArray()).Should().Be("next");
    }

    private sealed class Resending(
        Func<Func<Task<HttpResponseMessage>>, CancellationToken, Task<HttpResponseMessage>> relay) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            relay(() => base.SendAsync(request, cancellationToken), cancellationToken);
    }

    private static async Task<object?> BufferAsync(HttpContent content)
    {
        await content.LoadIntoBufferAsync();
        return null;
    }
}
