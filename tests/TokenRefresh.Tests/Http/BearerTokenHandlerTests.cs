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
    [FailureMode("F56")]
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

    private sealed class DisposableTokens : ITokenProvider, IDisposable
    {
        public bool IsDisposed { get; private set; }

        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(new AccessToken("T1"));

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) => new(new AccessToken("T2"));

        public void Dispose() => IsDisposed = true;
    }
}
