using System.Collections.Concurrent;
using System.Net;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

public sealed class SynchronousSendTests
{
    [Fact]
    public async Task A_valid_token_is_attached_on_the_callers_thread()
    {
        await using var server = Server();
        int caller = 0;
        int inner = -1;
        using var client = new HttpClient(
            new BearerTokenHandler(new RotatingTokens()) { InnerHandler = new ThreadRecorder(t => inner = t) });

        caller = Environment.CurrentManagedThreadId;
        using HttpResponseMessage response = client.Send(new HttpRequestMessage(HttpMethod.Get, new Uri(server.Origin, "/any")));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        inner.Should().Be(caller);
        server.Requests.Single().Bearer.Should().Be("T1");
    }

    [Fact]
    [FailureMode("F61")]
    public async Task A_rejected_request_is_sent_once_more_with_its_body()
    {
        await using var server = new WireServer(e => e.RespondAsync(e.Request.Bearer == "T1" ? 401 : 200));
        using HttpClient client = Client(new RotatingTokens(), bufferLimit: 100);
        using var request = new HttpRequestMessage(HttpMethod.Put, server.Origin)
        {
            Content = new StreamContent(new OneWay("body"u8.ToArray())),
        };

        using HttpResponseMessage response = client.Send(request);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        server.Requests.Select(r => (r.Bearer, r.Body)).Should().Equal(("T1", "body"), ("T2", "body"));
    }

    [Fact]
    [FailureMode("F93")]
    public void Without_a_token_the_typed_error_is_thrown()
    {
        using HttpClient client = Client(
            new RotatingTokens { Gate = Task.FromException(new SignInRequiredException(SignInRequiredReason.SignedOut, "Sign in.")) });

        Action act = () => client.Send(new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/"));

        act.Should().Throw<SignInRequiredException>();
    }

    [Theory]
    [FailureMode("F67")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_single_thread_that_blocks_on_the_handler_is_not_deadlocked(bool synchronous)
    {
        await using var server = new WireServer(e => e.RespondAsync(e.Request.Bearer == "T1" ? 401 : 200));
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using HttpClient client = Client(new RotatingTokens { Gate = gate.Task });
        var finished = new TaskCompletionSource<HttpStatusCode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var context = new SingleThreadContext();
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(context);
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, server.Origin);
                using HttpResponseMessage response = synchronous
                    ? client.Send(request)
                    : client.SendAsync(request).GetAwaiter().GetResult();
                finished.SetResult(response.StatusCode);
            }
            catch (Exception e)
            {
                finished.SetException(e);
            }
        });

        thread.IsBackground = true;
        thread.Start();
        gate.SetResult();
        HttpStatusCode status = await finished.Task.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);

        status.Should().Be(HttpStatusCode.OK);
        context.Posted.Should().BeEmpty();
    }

    private static WireServer Server() => new(e => e.RespondAsync(200));

    private static HttpClient Client(ITokenProvider tokens, int bufferLimit = 0) =>
        new(
            new BearerTokenHandler(tokens, new BearerTokenHandlerOptions { BufferLimit = bufferLimit })
            {
                InnerHandler = new SocketsHttpHandler(),
            });

    /// <summary>Never runs what is posted to it, as a thread that blocks never would.</summary>
    private sealed class SingleThreadContext : SynchronizationContext
    {
        public ConcurrentQueue<SendOrPostCallback> Posted { get; } = new();

        public override void Post(SendOrPostCallback d, object? state) => Posted.Enqueue(d);

        public override void Send(SendOrPostCallback d, object? state) => Posted.Enqueue(d);
    }

    private sealed class ThreadRecorder(Action<int> record) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            record(Environment.CurrentManagedThreadId);
            return base.Send(request, cancellationToken);
        }
    }
}
