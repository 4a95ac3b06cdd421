using System.Net;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;
using static TokenRefresh.Tests.Http.GivenHandler;

namespace TokenRefresh.Tests.Http;

public sealed class RejectionTests
{
    [Fact]
    [FailureMode("F58", "F59")]
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
    [FailureMode("F60")]
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
    [FailureMode("F63")]
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
    [FailureMode("F63")]
    public async Task A_predicate_decides_what_a_rejection_is()
    {
        var tokens = new RotatingTokens();
        var options = new BearerTokenHandlerOptions { ShouldRefresh = r => (int)r.StatusCode == 419 };
        using HttpMessageInvoker client = Client(
            tokens, r => FakeHandler.Response(r.Headers.Authorization!.Parameter == "T1" ? 419 : 401), options);

        HttpResponseMessage response = await SendAsync(client);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        tokens.Refreshes.Should().Be(1);
    }

    [Theory]
    [FailureMode("F64", "F122")]
    [InlineData(403, "Bearer error=\"insufficient_scope\"", 0)]
    [InlineData(403, null, 0)]
    [InlineData(407, null, 0)]
    [InlineData(500, null, 0)]
    [InlineData(401, "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"admin\"", 0)]
    [InlineData(401, "Bearer error = insufficient_scope", 0)]
    [InlineData(401, "Bearer error=\"invalid_token\", error_description=\"not insufficient_scope\"", 1)]
    [InlineData(401, "Bearer error=\"invalid_token\"", 1)]
    [InlineData(401, "Basic realm=\"x\"", 1)]
    [InlineData(401, "Bearer error=\"insufficient_user_authentication\", acr_values=\"x\"", 0)]
    [InlineData(401, "DPoP error=\"use_dpop_nonce\"", 0)]
    [InlineData(401, "Negotiate YII=, Bearer error=\"insufficient_scope\"", 0)]
    [InlineData(401, "Negotiate abc, Bearer , error = \"insufficient_scope\"", 0)]
    [InlineData(401, "Basic realm=\"a, Bearer error=\\\"\", Bearer realm=\"x\\\"y\" error=\"insufficient\\_scope\"", 0)]
    [InlineData(401, "Bearer error=\"insufficient_scope", 0)]
    [InlineData(401, "Basic error=\"insufficient_scope\"", 1)]
    [InlineData(401, "Bearer realm=\"error=insufficient_scope\"", 1)]
    [InlineData(401, "Bearer error_uri=\"https://x?error=insufficient_scope\", error=\"invalid_token\"", 1)]
    [InlineData(401, "Bearer error=\"insufficient_scope\", DPoP error=\"invalid_token\"", 1)]
    [InlineData(401, "Bearer realm=\"a\\\", error=\\\"insufficient_scope\"", 1)]
    [InlineData(401, "\"=,=\"\"= Bearer", 1)]
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

    [Fact]
    [FailureMode("F122")]
    public async Task Every_line_of_the_challenge_is_read()
    {
        var tokens = new RotatingTokens();
        using HttpMessageInvoker client = Client(tokens, _ =>
        {
            HttpResponseMessage response = FakeHandler.Response(401);
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", ["Basic realm=\"x\"", "Bearer error=\"insufficient_scope\""]);
            return response;
        });

        await SendAsync(client);

        tokens.Refreshes.Should().Be(0);
    }

    [Theory]
    [InlineData("16", 2)]
    [InlineData("7", 1)]
    [InlineData("0", 1)]
    public async Task A_grpc_answer_of_trailers_only_that_says_unauthenticated_is_a_rejection(string status, int requests)
    {
        var handler = new FakeHandler(request =>
        {
            HttpResponseMessage response = FakeHandler.Response(200);
            response.Headers.Add("grpc-status", request.Headers.Authorization!.Parameter == "T1" ? status : "0");
            return response;
        });
        using HttpMessageInvoker client = Client(new RotatingTokens(), handler);

        await SendAsync(client);

        handler.Count.Should().Be(requests);
    }

    [Fact]
    [FailureMode("F93")]
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

    private sealed class Stubborn : ITokenProvider
    {
        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(new AccessToken("T1"));

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
            new(new AccessToken("T1"));
    }
}
