using System.Net;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;
using static TokenRefresh.Tests.Http.GivenHandler;

namespace TokenRefresh.Tests.Http;

public sealed class BearerTokenHandlerTests
{
    [Fact]
    [FailureMode("F65")]
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
    public async Task A_provider_that_throws_at_once_fails_the_task_of_the_request()
    {
        var tokens = new DisposableTokens();
        using HttpMessageInvoker client = Client(tokens, _ => Ok());
        tokens.Dispose();

        Task<HttpResponseMessage> sending = client.SendAsync(new HttpRequestMessage(HttpMethod.Get, Resource), CancellationToken.None);

        await sending.Awaiting(request => request).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    [FailureMode("F63")]
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
    [FailureMode("F93")]
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
        using HttpMessageInvoker client = Client(new RotatingTokens("x-api-key"), new Fake(request =>
        {
            carried.AddRange(request.Headers.GetValues("x-api-key"));
            return carried.Count == 1 ? Unauthorized() : Ok();
        }));

        await SendAsync(client);

        carried.Should().Equal("T1", "T2");
    }

    [Theory]
    [InlineData("Authorization")]
    [InlineData("x-api-key")]
    [FailureMode("F119")]
    public async Task For_a_request_with_a_header_of_its_own_no_token_is_fetched(string name)
    {
        var handler = FakeHandler.Answering(200);
        using HttpMessageInvoker client = Client(
            new RotatingTokens(name) { Gate = Task.FromException(new NotRefreshableException("None.")) }, handler);

        HttpResponseMessage response = await SendAsync(client, r => r.Headers.TryAddWithoutValidation(name, "Basic own"));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        handler.Count.Should().Be(1);
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("bearer ")]
    [FailureMode("F119")]
    public async Task A_scheme_without_a_token_counts_as_no_header_and_is_there_again_afterwards(string bare)
    {
        var carried = new List<string?>();
        using HttpMessageInvoker client = Client(new RotatingTokens(), request =>
        {
            carried.Add(request.Headers.Authorization?.ToString());
            return carried.Count == 1 ? Unauthorized() : Ok();
        });
        var request = new HttpRequestMessage(HttpMethod.Get, Resource);
        request.Headers.TryAddWithoutValidation("Authorization", bare);

        await client.SendAsync(request, CancellationToken.None);

        carried.Should().Equal("Bearer T1", "Bearer T2");
        request.Headers.NonValidated["Authorization"].ToString().Should().Be(bare);
    }

    [Fact]
    public async Task A_provider_that_wraps_another_and_does_not_say_so_leaves_the_callers_header_alone_all_the_same()
    {
        var carried = new List<string>();
        using HttpMessageInvoker client = Client(new Wrapper(new RotatingTokens("x-api-key")), new Fake(request =>
        {
            carried.AddRange(request.Headers.GetValues("x-api-key"));
            return Ok();
        }));

        await SendAsync(client, r => r.Headers.Add("x-api-key", "own"));

        carried.Should().Equal("own");
    }

    [Theory]
    [InlineData("skip", "Sending a request to 'https://api.example.com' without the access token: its options say so")]
    [InlineData("header", "Sending a request to 'https://api.example.com' without the access token: it has a header of its own")]
    [InlineData("origin", "Sending a request to 'http://api.example.com' without the access token: its origin is not allowed")]
    [InlineData(
        "body", "Not sending the rejected request to 'https://api.example.com' again: its body cannot be sent twice*'BufferLimit'*")]
    [InlineData("provider", "Not sending the rejected request to 'https://api.example.com' again: no other token can be had")]
    [InlineData(
        "scope", "Not sending the rejected request to 'https://api.example.com' again: the answer says that another token would not help")]
    [FailureMode("F121")]
    public async Task A_debug_log_says_why_no_token_was_attached_or_the_request_not_sent_again(string reason, string message)
    {
        using var logs = new LogCollector();
        var tokens = new RotatingTokens { Failure = reason == "provider" ? new NotRefreshableException("None.") : null };
        var handler = new BearerTokenHandler(tokens, new BearerTokenHandlerOptions { BufferLimit = 0 }, logs)
        {
            InnerHandler = new FakeHandler(_ =>
            {
                HttpResponseMessage response = Unauthorized();
                if (reason == "scope")
                {
                    response.Headers.TryAddWithoutValidation("WWW-Authenticate", "Bearer error=\"insufficient_scope\"");
                }

                return response;
            }),
        };
        using var client = new HttpMessageInvoker(handler);

        await SendAsync(client, r =>
        {
            switch (reason)
            {
                case "skip":
                    r.Options.Set(BearerTokenHandlerOptions.Skip, true);
                    break;
                case "header":
                    r.Headers.Add("Authorization", "Basic own");
                    break;
                case "origin":
                    r.RequestUri = new Uri("http://api.example.com/");
                    break;
                case "body":
                    r.Content = new StreamContent(new OneWay([1]));
                    break;
            }
        });

        logs.Messages.Should().ContainSingle().Which.Should().Match(message);
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
    [FailureMode("F56")]
    public async Task A_token_request_is_refused()
    {
        var handler = FakeHandler.Answering(200);
        using HttpMessageInvoker client = Client(new RotatingTokens(), handler);

        Func<Task> act = () => SendAsync(client, r => r.Options.Set(new HttpRequestOptionsKey<bool>(TokenRequestWriter.Mark), true));

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

    private sealed class Wrapper(ITokenProvider inner) : ITokenProvider
    {
        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) =>
            inner.GetAccessTokenAsync(cancellationToken);

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
            inner.RefreshAccessTokenAsync(rejected, cancellationToken);
    }

    /// <summary>Ends a pipeline as a fake does in a test: without an inner handler.</summary>
    private sealed class Fake(Func<HttpRequestMessage, HttpResponseMessage> answer) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(answer(request));
    }

    private sealed class DisposableTokens : ITokenProvider, IDisposable
    {
        public bool IsDisposed { get; private set; }

        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default)
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            return new(new AccessToken("T1"));
        }

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
            new(new AccessToken("T2"));

        public void Dispose() => IsDisposed = true;
    }
}
