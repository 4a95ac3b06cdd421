using System.Net;
using FluentAssertions;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

public sealed class BearerTokenHandlerTests
{
    private static readonly Uri Resource = new("https://api.example.com/v1/messages?beta=true");

    [Fact]
    [Trait("FailureMode", "F65")]
    public async Task Each_request_carries_the_token_of_its_moment()
    {
        var tokens = new RotatingTokens();
        var carried = new List<string?>();
        using HttpMessageInvoker client = Client(tokens, request =>
        {
            carried.Add(request.Headers.Authorization?.ToString());
            return Ok();
        });

        await SendAsync(client);
        await tokens.RefreshAccessTokenAsync(new AccessToken("T1"));
        await SendAsync(client);

        carried.Should().Equal("Bearer T1", "Bearer T2");
    }

    [Fact]
    [Trait("FailureMode", "F58")]
    [Trait("FailureMode", "F59")]
    public async Task Fifty_requests_rejected_with_one_token_cost_one_refresh_and_a_late_rejection_none()
    {
        var tokens = new RotatingTokens();
        var gate = new TaskCompletionSource();
        var late = new TaskCompletionSource();
        int arrived = 0;
        var handler = new FakeHandler(async (request, _, _) =>
        {
            string token = request.Headers.Authorization!.Parameter!;
            if (token == "T1")
            {
                if (Interlocked.Increment(ref arrived) == 51)
                {
                    gate.SetResult();
                }

                await (request.Headers.Contains("X-Late") ? late : gate).Task;
            }

            return token == "T1" ? Unauthorized() : Ok();
        });
        using HttpMessageInvoker client = Client(tokens, handler);

        Task<HttpResponseMessage> lateOne = SendAsync(client, r => r.Headers.Add("X-Late", "1"));
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => SendAsync(client)));
        int refreshesOfThem = tokens.Refreshes;
        late.SetResult();
        HttpResponseMessage lateResponse = await lateOne;

        responses.Should().OnlyContain(r => r.StatusCode == HttpStatusCode.OK);
        lateResponse.StatusCode.Should().Be(HttpStatusCode.OK);
        refreshesOfThem.Should().Be(1);
        tokens.Refreshes.Should().Be(1);
        tokens.Rejected.Should().HaveCount(51).And.OnlyContain(t => t == "T1");
    }

    [Fact]
    [Trait("FailureMode", "F60")]
    public async Task A_resource_that_always_rejects_is_asked_twice_and_its_second_answer_is_returned()
    {
        var tokens = new RotatingTokens();
        var sent = new List<HttpResponseMessage>();
        using HttpMessageInvoker client = Client(tokens, _ =>
        {
            sent.Add(Unauthorized());
            return sent[^1];
        });

        HttpResponseMessage response = await SendAsync(client);

        sent.Should().HaveCount(2);
        response.Should().BeSameAs(sent[1]);
        tokens.Refreshes.Should().Be(1);
        await FluentActions.Awaiting(() => sent[0].Content.ReadAsStringAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    [Trait("FailureMode", "F63")]
    public async Task With_retries_off_the_first_rejection_is_returned_and_the_next_request_has_the_new_token()
    {
        var tokens = new RotatingTokens();
        var carried = new List<string?>();
        using HttpMessageInvoker client = Client(
            tokens,
            request =>
            {
                carried.Add(request.Headers.Authorization?.Parameter);
                return carried.Count == 1 ? Unauthorized("first") : Ok();
            },
            new BearerTokenHandlerOptions { RetryOnUnauthorized = false });

        HttpResponseMessage first = await SendAsync(client);
        await SendAsync(client);

        (await first.Content.ReadAsStringAsync()).Should().Be("first");
        carried.Should().Equal("T1", "T2");
    }

    [Fact]
    [Trait("FailureMode", "F63")]
    public async Task A_request_marked_with_skip_passes_untouched()
    {
        var tokens = new RotatingTokens();
        var handler = new FakeHandler(request => request.Headers.Authorization is null ? Unauthorized() : Ok());
        using HttpMessageInvoker client = Client(tokens, handler);

        HttpResponseMessage response = await SendAsync(client, r => r.Options.Set(BearerTokenHandlerOptions.Skip, true));

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        handler.Count.Should().Be(1);
        tokens.Rejected.Should().BeEmpty();
    }

    [Fact]
    [Trait("FailureMode", "F63")]
    public async Task A_predicate_decides_what_a_rejection_is()
    {
        var tokens = new RotatingTokens();
        var options = new BearerTokenHandlerOptions { ShouldRefresh = r => (int)r.StatusCode == 419 };
        using HttpMessageInvoker client = Client(tokens, r => FakeHandler.Response(r.Headers.Authorization!.Parameter == "T1" ? 419 : 401), options);

        HttpResponseMessage response = await SendAsync(client);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        tokens.Refreshes.Should().Be(1);
    }

    [Theory]
    [Trait("FailureMode", "F64")]
    [InlineData(403, "Bearer error=\"insufficient_scope\"", 0)]
    [InlineData(403, null, 0)]
    [InlineData(407, null, 0)]
    [InlineData(500, null, 0)]
    [InlineData(401, "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"admin\"", 0)]
    [InlineData(401, "Bearer error = insufficient_scope", 0)]
    [InlineData(401, "Bearer error=\"invalid_token\", error_description=\"not insufficient_scope\"", 1)]
    [InlineData(401, "Bearer error=\"invalid_token\"", 1)]
    [InlineData(401, "Basic realm=\"x\"", 1)]
    [InlineData(401, null, 1)]
    public async Task Only_a_401_that_is_about_the_token_refreshes(int status, string? challenge, int refreshes)
    {
        var tokens = new RotatingTokens();
        using HttpMessageInvoker client = Client(tokens, _ =>
        {
            HttpResponseMessage response = FakeHandler.Response(status);
            if (challenge is not null)
            {
                response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
            }

            return response;
        });

        HttpResponseMessage response = await SendAsync(client);

        ((int)response.StatusCode).Should().Be(status);
        tokens.Refreshes.Should().Be(refreshes);
    }

    [Theory]
    [Trait("FailureMode", "F70")]
    [InlineData("https://api.example.com/x", true)]
    [InlineData("https://API.example.com:443/x", true)]
    [InlineData("https://api.example.com:8443/x", false)]
    [InlineData("https://api.example.com.evil.example/x", false)]
    [InlineData("https://example.com/x", false)]
    [InlineData("http://api.example.com/x", false)]
    [InlineData("http://localhost:5000/x", true)]
    [InlineData("http://localhost:5001/x", false)]
    [InlineData("https://bücher.example/x", true)]
    [InlineData("https://xn--bcher-kva.example/x", true)]
    public async Task A_token_goes_to_allowed_origins_only_and_elsewhere_a_401_refreshes_nothing(string address, bool expected)
    {
        var tokens = new RotatingTokens();
        var options = new BearerTokenHandlerOptions { AllowedOrigins = { "https://api.example.com", "http://localhost:5000/", "https://BÜCHER.example" } };
        bool? carried = null;
        using HttpMessageInvoker client = Client(
            tokens,
            request =>
            {
                carried ??= request.Headers.Authorization is not null;
                return Unauthorized();
            },
            options);

        await SendAsync(client, r => r.RequestUri = new Uri(address));

        carried.Should().Be(expected);
        tokens.Refreshes.Should().Be(expected ? 1 : 0);
    }

    [Theory]
    [Trait("FailureMode", "F92")]
    [InlineData("http://api.example.com/", false)]
    [InlineData("http://127.0.0.1:9/", true)]
    [InlineData("http://[::1]:9/", true)]
    [InlineData("https://anywhere.example/", true)]
    public async Task Without_a_list_the_token_goes_over_https_and_to_loopback(string address, bool expected)
    {
        bool? carried = null;
        using HttpMessageInvoker client = Client(new RotatingTokens(), request =>
        {
            carried = request.Headers.Authorization is not null;
            return Ok();
        });

        await SendAsync(client, r => r.RequestUri = new Uri(address));

        carried.Should().Be(expected);
    }

    [Theory]
    [Trait("FailureMode", "F70")]
    [Trait("FailureMode", "F92")]
    [InlineData("api.example.com")]
    [InlineData("https://api.example.com/v1")]
    [InlineData("https://api.example.com?x=1")]
    [InlineData("https://api.example.com/#x")]
    [InlineData("https://user:hunter2secret@api.example.com")]
    [InlineData("http://api.example.com")]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    public void An_entry_that_is_no_safe_origin_is_refused_at_construction(string origin)
    {
        Action act = () => _ = new BearerTokenHandler(new RotatingTokens(), new BearerTokenHandlerOptions { AllowedOrigins = { origin } });

        act.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'AllowedOrigins'*").Which.Message.Should().NotContain("hunter2secret");
    }

    [Fact]
    public async Task A_header_of_the_callers_own_is_left_alone_and_its_401_is_returned()
    {
        var tokens = new RotatingTokens();
        var carried = new List<string?>();
        using HttpMessageInvoker client = Client(tokens, request =>
        {
            carried.Add(request.Headers.Authorization?.ToString());
            return Unauthorized();
        });

        HttpResponseMessage response = await SendAsync(client, r => r.Headers.TryAddWithoutValidation("authorization", "Basic own"));

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        carried.Should().Equal("Basic own");
        tokens.Rejected.Should().BeEmpty();
    }

    [Fact]
    [Trait("FailureMode", "F93")]
    public async Task Without_a_token_the_request_fails_with_the_typed_error_and_is_not_sent()
    {
        var handler = FakeHandler.Answering(200);
        var failure = new SignInRequiredException(SignInRequiredReason.NothingStored, "Sign in.");
        using HttpMessageInvoker client = Client(new RotatingTokens { Gate = Task.FromException(failure) }, handler);

        Func<Task> act = () => SendAsync(client);

        (await act.Should().ThrowAsync<SignInRequiredException>()).Which.Should().BeSameAs(failure);
        handler.Count.Should().Be(0);
    }

    [Fact]
    [Trait("FailureMode", "F93")]
    public async Task A_rejection_that_only_a_sign_in_can_end_is_the_typed_error()
    {
        HttpResponseMessage rejection = Unauthorized();
        var tokens = new RotatingTokens { Failure = new SignInRequiredException(SignInRequiredReason.RefreshTokenRejected, "Sign in.") };
        using HttpMessageInvoker client = Client(tokens, _ => rejection);

        Func<Task> act = () => SendAsync(client);

        await act.Should().ThrowAsync<SignInRequiredException>();
        await FluentActions.Awaiting(() => rejection.Content.ReadAsStringAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task A_rejection_that_time_may_end_or_that_no_token_can_end_is_returned_whole()
    {
        Exception[] failures =
        [
            new TokenEndpointUnavailableException("Later."),
            new RefreshOutcomeUnknownException("Who knows."),
            new NotRefreshableException("There is no other."),
        ];
        foreach (Exception failure in failures)
        {
            using HttpMessageInvoker client = Client(new RotatingTokens { Failure = failure }, _ => Unauthorized("why"));

            HttpResponseMessage response = await SendAsync(client);

            (await response.Content.ReadAsStringAsync()).Should().Be("why");
        }
    }

    [Fact]
    public async Task A_cancelled_wait_for_another_token_is_a_cancellation()
    {
        using var caller = new CancellationTokenSource();
        var tokens = new RotatingTokens();
        using HttpMessageInvoker client = Client(tokens, _ =>
        {
            tokens.Gate = new TaskCompletionSource().Task;
            caller.Cancel();
            return Unauthorized();
        });

        Func<Task> act = () => client.SendAsync(new HttpRequestMessage(HttpMethod.Get, Resource), caller.Token);

        await act.Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task A_provider_that_returns_the_rejected_token_again_causes_no_second_request()
    {
        var handler = FakeHandler.Answering(401);
        using HttpMessageInvoker client = Client(new Stubborn(), handler);

        HttpResponseMessage response = await SendAsync(client);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        handler.Count.Should().Be(1);
    }

    [Fact]
    public async Task The_header_is_off_the_request_afterwards_so_that_an_outer_retry_gets_the_token_of_its_moment()
    {
        var tokens = new RotatingTokens();
        var carried = new List<string?>();
        var bearer = new BearerTokenHandler(tokens)
        {
            InnerHandler = new FakeHandler(request =>
            {
                carried.Add(request.Headers.Authorization?.Parameter);
                return carried.Count == 1 ? FakeHandler.Response(503) : Ok();
            }),
        };
        string? left = "unset";
        using var client = new HttpMessageInvoker(new Relay(bearer, async (request, next) =>
        {
            await next();
            left = request.Headers.Authorization?.Parameter;
            await tokens.RefreshAccessTokenAsync(new AccessToken("T1"));
            return await next();
        }));

        await SendAsync(client);

        carried.Should().Equal("T1", "T2");
        left.Should().BeNull();
    }

    [Fact]
    public async Task A_custom_header_carries_the_bare_token()
    {
        var carried = new List<string>();
        using HttpMessageInvoker client = Client(new RotatingTokens("x-api-key"), request =>
        {
            carried.AddRange(request.Headers.GetValues("x-api-key"));
            return carried.Count == 1 ? Unauthorized() : Ok();
        });

        await SendAsync(client);

        carried.Should().Equal("T1", "T2");
    }

    [Fact]
    public async Task Two_handlers_in_one_pipeline_are_refused_with_the_remedy()
    {
        var handler = FakeHandler.Answering(200);
        var inner = new BearerTokenHandler(new RotatingTokens()) { InnerHandler = handler };
        using HttpMessageInvoker client = Client(new RotatingTokens(), new Relay(inner, (_, next) => next()));

        Func<Task> act = () => SendAsync(client);

        await act.Should().ThrowAsync<InvalidOperationException>().WithMessage("*Add it once*");
        handler.Count.Should().Be(0);
    }

    [Fact]
    [Trait("FailureMode", "F56")]
    public async Task A_token_request_is_refused()
    {
        var handler = FakeHandler.Answering(200);
        using HttpMessageInvoker client = Client(new RotatingTokens(), handler);

        Func<Task> act = () => SendAsync(client, r => r.Options.Set(TokenRequestMark.Key, true));

        await act.Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage("*token endpoint's own client*");
        handler.Count.Should().Be(0);
    }

    [Fact]
    public void A_negative_buffer_limit_is_refused()
    {
        Action act = () => _ = new BearerTokenHandler(new RotatingTokens(), new BearerTokenHandlerOptions { BufferLimit = -1 });

        act.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'BufferLimit'*'-1'*");
    }

    [Fact]
    public void The_provider_is_not_disposed_with_the_handler()
    {
        var tokens = new DisposableTokens();

        new BearerTokenHandler(tokens) { InnerHandler = FakeHandler.Answering(200) }.Dispose();

        tokens.IsDisposed.Should().BeFalse();
    }

    private static HttpMessageInvoker Client(ITokenProvider tokens, Func<HttpRequestMessage, HttpResponseMessage> answer, BearerTokenHandlerOptions? options = null) =>
        Client(tokens, new FakeHandler(answer), options);

    private static HttpMessageInvoker Client(ITokenProvider tokens, HttpMessageHandler handler, BearerTokenHandlerOptions? options = null) =>
        new(new BearerTokenHandler(tokens, options) { InnerHandler = handler });

    private static async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker client, Action<HttpRequestMessage>? configure = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Resource);
        configure?.Invoke(request);
        return await client.SendAsync(request, CancellationToken.None);
    }

    private static HttpResponseMessage Ok() => FakeHandler.Response(200, "fine");

    private static HttpResponseMessage Unauthorized(string body = "") => FakeHandler.Response(401, body);

    private sealed class Stubborn : ITokenProvider
    {
        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(new AccessToken("T1"));

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) => new(new AccessToken("T1"));
    }

    private sealed class DisposableTokens : ITokenProvider, IDisposable
    {
        public bool IsDisposed { get; private set; }

        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(new AccessToken("T1"));

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) => new(new AccessToken("T2"));

        public void Dispose() => IsDisposed = true;
    }
}
