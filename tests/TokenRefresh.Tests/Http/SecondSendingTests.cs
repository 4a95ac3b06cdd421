using System.Net;
using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

/// <summary>What the second sending is, and what stands in the way of one.</summary>
public sealed class SecondSendingTests
{
    private const string Text = "the body as it must arrive, twice";

    [Fact]
    public async Task A_request_that_a_redirect_changed_is_sent_again_as_the_caller_gave_it()
    {
        var seen = new List<string>();
        var redirects = new Relay(new FakeHandler(_ => FakeHandler.Response(seen.Count == 1 ? 401 : 200)), async (request, send) =>
        {
            seen.Add(
                $"{request.Method} {request.RequestUri!.AbsolutePath} "
                + $"{(request.Content is null ? "" : await request.Content.ReadAsStringAsync())}");
            (request.Method, request.RequestUri, request.Content) = (HttpMethod.Get, new Uri("https://api.example.com/other"), null);
            return await send();
        });
        using var client = new HttpClient(new BearerTokenHandler(new RotatingTokens()) { InnerHandler = redirects });
        using var content = new StringContent(Text);
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://api.example.com/first") { Content = content };

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        seen.Should().Equal($"POST /first {Text}", $"POST /first {Text}");
        request.Should().BeEquivalentTo(
                new { Method = HttpMethod.Post, RequestUri = new Uri("https://api.example.com/first"), Content = content });
        response.RequestMessage!.Headers.Authorization.Should().BeNull();
    }

    [Fact]
    [FailureMode("F120")]
    public async Task Another_HttpClient_inside_is_sent_a_clone()
    {
        await using var server = Server();
        using var inner = new HttpClient(new SocketsHttpHandler());
        using var client = new HttpMessageInvoker(new BearerTokenHandler(new RotatingTokens()) { InnerHandler = new ClientHandler(inner) });
        using var content = new StringContent(Text);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Origin) { Content = content, Headers = { { "X-Own", "kept" } } };

        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        server.Requests.Select(r => (r.Bearer, r.Body, r["X-Own"])).Should().Equal(("T1", Text, "kept"), ("T2", Text, "kept"));
        (await content.ReadAsStringAsync()).Should().Be(Text, "the content is shared and not disposed");
    }

    [Theory]
    [FailureMode("F117")]
    [InlineData("stream", 0)]
    [InlineData("stream", 1)]
    [InlineData("own", 0)]
    public async Task A_body_of_which_nothing_was_read_is_sent_again(string kind, int limit)
    {
        var bodies = new List<string>();
        var handler = new UnreadOnce(bodies);
        using var client = new HttpClient(
            new BearerTokenHandler(new RotatingTokens(), new BearerTokenHandlerOptions { BufferLimit = limit }) { InnerHandler = handler });
        using HttpContent content = kind == "own"
            ? new Unending(Task.CompletedTask)
            : new StreamContent(new OneWay(Encoding.UTF8.GetBytes(Text)));

        using HttpResponseMessage response = await client.PostAsync(new Uri("https://api.example.com/"), content);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        bodies.Should().Equal(kind == "own" ? "beginend" : Text);
    }

    [Fact]
    [FailureMode("F61")]
    public async Task A_body_whose_end_waits_for_the_answer_is_sent_as_without_a_limit()
    {
        var answered = new TaskCompletionSource();
        var content = new Unending(answered.Task);
        var handler = new AnswersEarly();
        using var client = new HttpClient(new BearerTokenHandler(new RotatingTokens()) { InnerHandler = handler });

        using HttpResponseMessage response = await client.PostAsync(new Uri("https://api.example.com/"), content);
        answered.SetResult();
        await handler.Sending!;

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        handler.Requests.Should().Be(1);
        Encoding.UTF8.GetString(handler.Body.ToArray()).Should().Be("beginend");
    }

    [Theory]
    [FailureMode("F116")]
    [InlineData(302)]
    [InlineData(307)]
    public async Task A_token_in_a_header_of_another_name_does_not_follow_a_redirect(int status)
    {
        await using var elsewhere = new WireServer(e => e.RespondAsync(200));
        await using var server = new WireServer(e => e.RespondAsync(status, "", ("Location", elsewhere.Origin.ToString())));
        using var client = new HttpClient(
            new BearerTokenHandler(new RotatingTokens("x-api-key"))
            {
                InnerHandler = new Relay(new HttpClientHandler(), (_, send) => send()),
            });

        using HttpResponseMessage response = await client.GetAsync(server.Origin);

        ((int)response.StatusCode).Should().Be(status);
        server.Requests.Should().ContainSingle().Which["x-api-key"].Should().Be("T1");
        elsewhere.Requests.Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F116")]
    public async Task Where_redirects_cannot_be_switched_off_any_more_or_not_be_seen_nothing_is_sent()
    {
        await using var server = new WireServer(e => e.RespondAsync(200));
        using var used = new SocketsHttpHandler();
        using var first = new HttpMessageInvoker(used, disposeHandler: false);
        (await first.SendAsync(new HttpRequestMessage(HttpMethod.Get, server.Origin), CancellationToken.None)).Dispose();
        using var started = new HttpClient(new BearerTokenHandler(new RotatingTokens("x-api-key")) { InnerHandler = used });
        using var unseen = new HttpClient(
            new BearerTokenHandler(new RotatingTokens("x-api-key")) { InnerHandler = new ClientHandler(new HttpClient()) });

        Func<Task> sendStarted = () => started.GetAsync(server.Origin);
        Func<Task> sendUnseen = () => unseen.GetAsync(server.Origin);

        await sendStarted.Should().ThrowAsync<TokenRefreshConfigurationException>()
            .WithMessage("*'x-api-key'*'AllowAutoRedirect' (now 'True')*");
        await sendUnseen.Should().ThrowAsync<TokenRefreshConfigurationException>().WithMessage("*'x-api-key'*cannot be seen*");
        server.Requests.Should().ContainSingle();
    }

    private static WireServer Server() => new(e => e.Request.Bearer == "T1" ? e.RespondAsync(401, "first") : e.RespondAsync(200, "second"));

    private sealed class ClientHandler(HttpClient client) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            client.SendAsync(request, cancellationToken);
    }

    /// <summary>Rejects the first request without reading its body, as a server does that was asked with 'Expect: 100-continue'.</summary>
    private sealed class UnreadOnce(List<string> bodies) : HttpMessageHandler
    {
        private int _requests;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (++_requests == 1)
            {
                return FakeHandler.Response(401);
            }

            bodies.Add(await request.Content!.ReadAsStringAsync(cancellationToken));
            return FakeHandler.Response(200);
        }
    }

    /// <summary>Answers while the body is on its way, as over HTTP/2.</summary>
    private sealed class AnswersEarly : HttpMessageHandler
    {
        public MemoryStream Body { get; } = new();

        public Task? Sending { get; private set; }

        public int Requests { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            Sending = request.Content!.CopyToAsync(Body, cancellationToken);
            return Task.FromResult(FakeHandler.Response(401));
        }
    }

    private sealed class Unending(Task answered) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("begin"u8.ToArray());
            await answered;
            await stream.WriteAsync("end"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
