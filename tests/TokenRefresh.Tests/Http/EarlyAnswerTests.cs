using System.Net;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace TokenRefresh.Tests.Http;

/// <summary>A server on HTTP/2 that answers before it has read the body, and a caller who disposes the request as soon as the answer is there.</summary>
public sealed class EarlyAnswerTests
{
    private const string Text = "first part, second part";

    [Theory]
    [InlineData("stream", 0)]
    [InlineData("stream", 1000)]
    [InlineData("stream of a derived class", 1000)]
    [InlineData("multipart with a stream", 0)]
    [InlineData("multipart with a stream", 1000)]
    [InlineData("answer passed on", 0)]
    [InlineData("answer passed on", 1000)]
    public async Task A_body_of_the_frameworks_own_is_sent_whole_before_the_answer_is_returned(string kind, int limit)
    {
        await using var server = await EarlyServer.StartAsync();
        using HttpClient client = Client(limit);
        var begun = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool returnedEarly = false;

        // Time for an answer that is returned early, not for one that waits.
        var body = new Paused(async () =>
        {
            await server.Answered;
            Task sending = await begun.Task;
            returnedEarly = await Task.WhenAny(sending, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System)) == sending;
        });
        using (HttpRequestMessage request = Request(server, await ContentAsync(kind, body)))
        {
            Task<HttpResponseMessage> sending = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            begun.SetResult(sending);
            using HttpResponseMessage response = await sending;
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        string received = await server.Received;

        received.Should().Contain(Text);
        returnedEarly.Should().BeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public async Task A_body_of_the_callers_own_class_may_go_on_after_the_answer_is_returned(int limit)
    {
        await using var server = await EarlyServer.StartAsync();
        using HttpClient client = Client(limit);
        var answered = new TaskCompletionSource();
        using HttpRequestMessage request = Request(server, new Own(new Paused(() => answered.Task)));

        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        answered.SetResult();
        string received = await server.Received;

        received.Should().Be(Text);
    }

    private static HttpClient Client(int limit) =>
        new(new BearerTokenHandler(new RotatingTokens(), new BearerTokenHandlerOptions { BufferLimit = limit }) { InnerHandler = new SocketsHttpHandler() });

    private static HttpRequestMessage Request(EarlyServer server, HttpContent content) => new(HttpMethod.Post, server.Origin)
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = content,
    };

    private static async Task<HttpContent> ContentAsync(string kind, Paused body)
    {
        switch (kind)
        {
            case "stream":
                return new StreamContent(body);
            case "stream of a derived class":
                return new Derived(body);
            case "multipart with a stream":
                return new MultipartFormDataContent { { new StreamContent(body), "file" } };
            default:
                body.Before = "HTTP/1.1 200 OK\r\n\r\n";
                var upstream = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = (_, _) => new(body) });
                HttpResponseMessage answer = await upstream.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://upstream.example/"), CancellationToken.None);
                return answer.Content;
        }
    }

    /// <summary>Answers with its headers at once and reads the body to its end after that.</summary>
    private sealed class EarlyServer : IAsyncDisposable
    {
        private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<string> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly WebApplication _application;

        private EarlyServer()
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
            _application = builder.Build();
            _application.Run(AnswerAsync);
        }

        public Uri Origin => new(_application.Urls.First());

        public Task Answered => _answered.Task;

        public Task<string> Received => _received.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);

        public static async Task<EarlyServer> StartAsync()
        {
            var server = new EarlyServer();
            await server._application.StartAsync();
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            await _application.StopAsync(new CancellationToken(canceled: true));
            await _application.DisposeAsync();
        }

        private async Task AnswerAsync(HttpContext context)
        {
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            _answered.SetResult();
            var body = new MemoryStream();
            try
            {
                await context.Request.Body.CopyToAsync(body);
            }
            catch (IOException)
            {
                // The client gave up; what came is what was received.
            }

            _received.SetResult(Encoding.UTF8.GetString(body.ToArray()));
        }
    }

    private sealed class Derived(Stream stream) : StreamContent(stream);

    private sealed class Own(Stream stream) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => stream.CopyToAsync(target);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>Waits in its middle, and has nothing to give once it is disposed. Takes a request like a connection.</summary>
    private sealed class Paused(Func<Task> pause) : Stream
    {
        private int _reads;
        private bool _isDisposed;

        public string Before { get; set; } = "";

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            string part = _reads++ switch { 0 => Before + Text[..12], 1 => Text[12..], _ => "" };
            if (part == Text[12..])
            {
                await pause();
            }

            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return Encoding.UTF8.GetBytes(part, buffer.Span);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _isDisposed = true;
            base.Dispose(disposing);
        }
    }
}
