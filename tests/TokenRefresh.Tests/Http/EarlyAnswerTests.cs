using System.Net;
using System.Text;
using FluentAssertions;
using TokenRefresh.Http;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

/// <summary>Over HTTP/2 a rejection may come before the body is sent, and the server then resets the stream.</summary>
public sealed class EarlyAnswerTests
{
    private const string Text = "the message of a unary call";

    [Fact]
    [FailureMode("F121")]
    public async Task A_body_that_the_answer_cut_off_on_its_way_is_sent_again()
    {
        var server = new Hasty();
        using HttpMessageInvoker client = GivenHandler.Client(new RotatingTokens(), server);
        var body = new Parts(stream => stream.WriteAsync(Bytes));

        using HttpResponseMessage response = await GivenHandler.SendAsync(client, r => r.Content = body);
        server.Reset();

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        server.Second.Should().Be(Text);
        await server.First.Invoking(first => first).Should().ThrowAsync<HttpRequestException>("the transport learns that it was cut off");
    }

    [Fact]
    [FailureMode("F121")]
    public async Task A_body_that_is_being_serialized_when_the_answer_comes_is_sent_again()
    {
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource();
        var server = new Hasty { Answers = started.Task };
        using HttpMessageInvoker client = GivenHandler.Client(new RotatingTokens(), server);
        var body = new Parts(stream =>
        {
            started.TrySetResult();
            gate.Wait();
            return stream.WriteAsync(Bytes);
        });

        Task<HttpResponseMessage> call = GivenHandler.SendAsync(client, r => r.Content = body);
        await server.Answered;
        gate.Set();
        using HttpResponseMessage response = await call;
        server.Reset();

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        server.Second.Should().Be(Text);
    }

    [Fact]
    [FailureMode("F121")]
    public async Task A_caller_that_leaves_does_not_wait_for_the_body()
    {
        using var gate = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var started = new TaskCompletionSource();
        var server = new Hasty { Answers = started.Task };
        var tokens = new RotatingTokens();
        using HttpMessageInvoker client = GivenHandler.Client(tokens, server);
        using var request = new HttpRequestMessage(HttpMethod.Post, GivenHandler.Resource)
        {
            Content = new Parts(_ =>
            {
                started.TrySetResult();
                gate.Wait();
                return default;
            }),
        };

        Task<HttpResponseMessage> call = client.SendAsync(request, cancellation.Token);
        await server.Answered;
        await cancellation.CancelAsync();

        using HttpResponseMessage response = await call;
        gate.Set();
        await server.First;

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    [FailureMode("F61")]
    public async Task A_body_that_waits_for_more_is_written_and_flushed_as_it_comes()
    {
        var gate = new TaskCompletionSource();
        var target = new Target();
        HttpContent kept = ResendableContent.Keep(
            new Parts(
                stream => stream.WriteAsync("a"u8.ToArray()),
                stream => new(stream.FlushAsync()),
                _ => new(gate.Task),
                stream => stream.WriteAsync("b"u8.ToArray()),
                stream => new(stream.FlushAsync())),
            limit: 100)!;

        Task sending = kept.CopyToAsync(target);
        string[] before = [.. target.Calls];
        gate.SetResult();
        await sending;

        before.Should().Equal("a", "flush");
        target.Calls.Should().Equal("a", "flush", "b", "flush");
    }

    [Fact]
    [FailureMode("F61")]
    public async Task A_body_that_waits_for_more_learns_at_its_next_write_that_the_connection_is_gone()
    {
        var gate = new TaskCompletionSource();
        var target = new Target { Failure = new IOException("Reset.") };
        bool goesOn = false;
        HttpContent kept = ResendableContent.Keep(
            new Parts(
                stream => stream.WriteAsync("a"u8.ToArray()),
                _ => new(gate.Task),
                stream => stream.WriteAsync("b"u8.ToArray()),
                _ =>
                {
                    goesOn = true;
                    return default;
                }),
            limit: 100)!;

        Task sending = kept.CopyToAsync(target);
        gate.SetResult();

        await FluentActions.Awaiting(() => sending).Should().ThrowAsync<HttpRequestException>();
        goesOn.Should().BeFalse();
        ResendableContent.IsRepeatable(kept).Should().BeFalse();
    }

    private static byte[] Bytes => Encoding.UTF8.GetBytes(Text);

    /// <summary>Rejects the first request while its body is on the way, which is reset later.</summary>
    private sealed class Hasty : HttpMessageHandler
    {
        private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Target _connection = new() { Gate = new TaskCompletionSource(), Failure = new IOException("Reset.") };

        public Task? Answers { get; init; }

        public Task Answered => _answered.Task;

        public Task First { get; private set; } = Task.CompletedTask;

        public string? Second { get; private set; }

        public void Reset() => _connection.Gate!.SetResult();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (_answered.Task.IsCompleted)
            {
                Second = await request.Content!.ReadAsStringAsync(cancellationToken);
                return FakeHandler.Response(200);
            }

            First = Task.Run(() => request.Content!.CopyToAsync(_connection, CancellationToken.None), CancellationToken.None);
            await (Answers ?? _connection.Reached);
            _answered.SetResult();
            return FakeHandler.Response(401);
        }
    }

    private sealed class Parts(params Func<Stream, ValueTask>[] parts) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            foreach (Func<Stream, ValueTask> part in parts)
            {
                await part(stream);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>A connection that may be slow, and that may be reset.</summary>
    private sealed class Target : MemoryStream
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string> Calls { get; } = [];

        public TaskCompletionSource? Gate { get; init; }

        public Exception? Failure { get; init; }

        public Task Reached => _reached.Task;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _reached.TrySetResult();
            await (Gate?.Task ?? Task.CompletedTask);
            Calls.Add(Encoding.UTF8.GetString(buffer.Span));
            if (Failure is not null)
            {
                throw Failure;
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Calls.Add("flush");
            return Task.CompletedTask;
        }
    }
}
