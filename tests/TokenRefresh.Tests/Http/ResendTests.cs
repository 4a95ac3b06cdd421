using System.Net;
using System.Net.Http.Json;
using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

/// <summary>What goes over the wire the second time, on real sockets.</summary>
public sealed class ResendTests
{
    private const string Text = "the body as it must arrive, twice";

    [Theory]
    [FailureMode("F61")]
    [InlineData("none")]
    [InlineData("empty")]
    [InlineData("bytes")]
    [InlineData("memory")]
    [InlineData("string")]
    [InlineData("form")]
    [InlineData("json")]
    [InlineData("multipart")]
    [InlineData("seekable stream")]
    [InlineData("seekable stream from its middle")]
    [InlineData("buffered stream")]
    [InlineData("buffered of its own")]
    public async Task A_body_that_can_be_produced_twice_arrives_twice_the_same(string kind)
    {
        var tokens = new RotatingTokens();
        await using var server = Server();
        using HttpClient client = Client(tokens);
        using HttpContent? content = await ContentAsync(kind);

        using HttpResponseMessage response = await client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, server.Origin) { Content = content });

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        WireRequest[] sent = [.. server.Requests];
        sent.Select(r => r.Bearer).Should().Equal("T1", "T2");
        sent[1].Body.Should().Be(sent[0].Body);
        sent[1]["Content-Type"].Should().Be(sent[0]["Content-Type"]);
        sent[1]["Content-Length"].Should().Be(sent[0]["Content-Length"]);
        if (kind is not ("none" or "empty"))
        {
            sent[0].Body.Should().NotBeEmpty();
        }
    }

    [Theory]
    [FailureMode("F61")]
    [InlineData("stream")]
    [InlineData("own")]
    [InlineData("own with a length")]
    [InlineData("multipart with a stream")]
    [InlineData("json of a sequence")]
    [InlineData("json of an asynchronous sequence")]
    public async Task A_body_that_cannot_is_sent_once_without_a_buffer_and_the_next_request_has_the_new_token(string kind)
    {
        var tokens = new RotatingTokens();
        await using var server = Server();
        using HttpClient client = Client(tokens, new BearerTokenHandlerOptions { BufferLimit = 0 });
        using HttpContent? content = await ContentAsync(kind);

        using HttpResponseMessage response = await client.PostAsync(server.Origin, content);
        using HttpResponseMessage next = await client.GetAsync(server.Origin);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await response.Content.ReadAsStringAsync()).Should().Be("first");
        next.StatusCode.Should().Be(HttpStatusCode.OK);
        server.Requests.Should().HaveCount(2);
        (content as OwnContent)?.Serialized.Should().Be(1);
    }

    [Theory]
    [FailureMode("F61")]
    [InlineData("stream", 1000, 2)]
    [InlineData("own", 1000, 2)]
    [InlineData("own with a length", 1000, 2)]
    [InlineData("multipart with a stream", 1000, 2)]
    [InlineData("json of a sequence", 1000, 2)]
    [InlineData("json of an asynchronous sequence", 1000, 2)]
    [InlineData("json of a sequence", 32, 1)]
    [InlineData("stream", 33, 2)]
    [InlineData("stream", 32, 1)]
    [InlineData("own", 32, 1)]
    [InlineData("own with a length", 32, 1)]
    public async Task Within_the_buffer_limit_it_is_sent_twice_and_above_it_is_sent_once_all_the_same(string kind, int limit, int requests)
    {
        await using var server = Server();
        using HttpClient client = Client(new RotatingTokens(), new BearerTokenHandlerOptions { BufferLimit = limit });
        using HttpContent content = (await ContentAsync(kind))!;
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Origin) { Content = content };

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.Should().Be(requests == 2 ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        server.Requests.Should().HaveCount(requests);
        server.Requests.Should().OnlyContain(r => r.Body.Contains(Text));
        server.Requests.Select(r => r["Content-Type"]).Distinct(StringComparer.Ordinal).Should().ContainSingle();
        server.Requests.First()["Content-Length"].Should().Be(kind == "own with a length" ? "33" : null);
        request.Content.Should().BeSameAs(content);
        (content as OwnContent)?.Serialized.Should().Be(1);
    }

    [Theory]
    [FailureMode("F61")]
    [InlineData("stream", "string", 1000, 2)]
    [InlineData("stream", "stream", 1000, 2)]
    [InlineData("stream", "synchronous stream", 1000, 2)]
    [InlineData("stream", "string", 32, 1)]
    [InlineData("stream", "stream", 32, 1)]
    [InlineData("stream", "synchronous stream", 32, 1)]
    [InlineData("multipart with a stream", "stream", 1000, 2)]
    [InlineData("own", "stream", 1000, 2)]
    public async Task A_handler_inside_that_reads_the_body_sees_all_of_it_and_all_of_it_is_sent(
        string kind, string way, int limit, int requests)
    {
        await using var server = Server();
        var read = new List<string>();
        var logging = new Relay(new SocketsHttpHandler(), async (request, send) =>
        {
            read.Add(await ReadAsync(request.Content!, way));
            return await send();
        });
        using var client = new HttpClient(
            new BearerTokenHandler(new RotatingTokens(), new BearerTokenHandlerOptions { BufferLimit = limit }) { InnerHandler = logging });
        using HttpContent? content = await ContentAsync(kind);

        using HttpResponseMessage response = await client.PostAsync(server.Origin, content);

        response.StatusCode.Should().Be(requests == 2 ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        read.Should().HaveCount(requests).And.OnlyContain(b => b.Contains(Text));
        server.Requests.Select(r => r.Body).Should().Equal(read);
    }

    [Theory]
    [FailureMode("F61")]
    [InlineData(0)]
    [InlineData(1000)]
    public async Task The_callers_content_is_disposed_by_the_caller_and_by_no_one_else(int limit)
    {
        await using var server = Server();
        using HttpClient client = Client(new RotatingTokens(), new BearerTokenHandlerOptions { BufferLimit = limit });
        var content = new OwnContent(Text, computesLength: true);

        using (var request = new HttpRequestMessage(HttpMethod.Post, server.Origin) { Content = content })
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            content.Disposed.Should().Be(0);
        }

        content.Disposed.Should().Be(1);
    }

    [Fact]
    [FailureMode("F61")]
    public async Task Method_headers_options_version_and_policy_are_the_same_the_second_time()
    {
        var seen = new List<(HttpMethod Method, Version Version, HttpVersionPolicy Policy, string Header, string? Option)>();
        var option = new HttpRequestOptionsKey<string>("trace");
        using var client = new HttpClient(new BearerTokenHandler(new RotatingTokens())
        {
            InnerHandler = new FakeHandler(r =>
            {
                r.Options.TryGetValue(option, out string? value);
                seen.Add((r.Method, r.Version, r.VersionPolicy, string.Join('|', r.Headers.GetValues("X-Many")), value));
                return FakeHandler.Response(seen.Count == 1 ? 401 : 200);
            }),
        });
        using var request = new HttpRequestMessage(HttpMethod.Patch, "https://api.example.com/")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("X-Many", ["a", "b"]);
        request.Options.Set(option, "kept");

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        seen.Should().Equal(seen[0], seen[0]);
        seen[0].Should().Be((HttpMethod.Patch, HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact, "a|b", "kept"));
    }

    [Fact]
    [FailureMode("F62")]
    public async Task A_thousand_rejections_over_one_connection_do_not_starve_it()
    {
        await using var server = new WireServer(e => e.RespondAsync(e.Request.Bearer == "T0" ? 401 : 200, new string('x', 2000)));
        var tokens = new Alternating();
        using var client = new HttpClient(
            new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler { MaxConnectionsPerServer = 1 } });

        for (int i = 0; i < 1000; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(server.Origin);
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        server.Requests.Should().HaveCount(2000);
        tokens.Refreshes.Should().Be(1000);
    }

    [Theory]
    [FailureMode("F70")]
    [InlineData(302)]
    [InlineData(307)]
    public async Task A_redirect_inside_carries_no_bearer_token_and_a_401_from_there_refreshes_nothing(int status)
    {
        var tokens = new RotatingTokens();
        await using var elsewhere = new WireServer(e => e.RespondAsync(401));
        await using var server = new WireServer(e => e.RespondAsync(status, "", ("Location", elsewhere.Origin.ToString())));
        using HttpClient client = Client(tokens);

        using HttpResponseMessage response = await client.PostAsync(server.Origin, new StringContent(Text));

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        response.RequestMessage!.RequestUri.Should().Be(elsewhere.Origin);
        elsewhere.Requests.Should().ContainSingle().Which["Authorization"].Should().BeNull();
        server.Requests.Should().ContainSingle();
        tokens.Rejected.Should().BeEmpty();
    }

    private static WireServer Server() => new(e => e.Request.Bearer == "T1" ? e.RespondAsync(401, "first") : e.RespondAsync(200, "second"));

    private static HttpClient Client(ITokenProvider tokens, BearerTokenHandlerOptions? options = null) =>
        new(new BearerTokenHandler(tokens, options) { InnerHandler = new SocketsHttpHandler() });

    private static async Task<string> ReadAsync(HttpContent content, string way)
    {
        if (way == "string")
        {
            return await content.ReadAsStringAsync();
        }

        // Left open, as the content hands the same stream to the next reader.
        Stream stream = way == "stream" ? await content.ReadAsStreamAsync() : content.ReadAsStream();
        stream.Position = 0;
        return await new StreamReader(stream).ReadToEndAsync();
    }

    private static IEnumerable<string> Once(Queue<string> queue)
    {
        while (queue.TryDequeue(out string? text))
        {
            yield return text;
        }
    }

    private static async IAsyncEnumerable<string> OnceAsync(Queue<int> queue)
    {
        while (queue.TryDequeue(out _))
        {
            await Task.Yield();
            yield return Text;
        }
    }

    private static async Task<HttpContent?> ContentAsync(string kind)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Text);
        switch (kind)
        {
            case "empty":
                return new ByteArrayContent([]);
            case "bytes":
                return new ByteArrayContent(bytes);
            case "memory":
                return new ReadOnlyMemoryContent(bytes);
            case "string":
                return new StringContent(Text, Encoding.UTF8, "text/x-test");
            case "form":
                return new FormUrlEncodedContent([new("a", Text)]);
            case "json":
                return JsonContent.Create(new { text = Text });
            case "json of a sequence":
                var queue = new Queue<string>([Text]);
                return JsonContent.Create(Once(queue));
            case "json of an asynchronous sequence":
                return JsonContent.Create(OnceAsync(new Queue<int>([1])));
            case "multipart":
                return new MultipartFormDataContent
                {
                    { new StringContent(Text), "text" },
                    { new StreamContent(new MemoryStream(bytes)), "file", "name.txt" },
                    { new MultipartContent { JsonContent.Create(1) }, "nested" },
                };
            case "multipart with a stream":
                return new MultipartFormDataContent
                {
                    { new StringContent("first"), "text" },
                    { new StreamContent(new OneWay(bytes)), "file" },
                };
            case "seekable stream":
                return new StreamContent(new MemoryStream(bytes));
            case "seekable stream from its middle":
                return new StreamContent(new MemoryStream(bytes) { Position = 10 });
            case "stream":
                return new StreamContent(new OneWay(bytes)) { Headers = { { "Content-Type", "text/x-test" } } };
            case "buffered stream":
                var buffered = new StreamContent(new OneWay(bytes));
                await buffered.LoadIntoBufferAsync();
                return buffered;
            case "buffered of its own":
                var own = new OwnContent(Text, computesLength: true);
                await own.LoadIntoBufferAsync();
                return own;
            case "own":
                return new OwnContent(Text, computesLength: false);
            case "own with a length":
                return new OwnContent(Text, computesLength: true);
            default:
                return null;
        }
    }

    /// <summary>Each request starts with a token that is rejected.</summary>
    private sealed class Alternating : ITokenProvider
    {
        public int Refreshes { get; private set; }

        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(new AccessToken("T0"));

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
        {
            Refreshes++;
            return new(new AccessToken("T1"));
        }
    }

    private sealed class OwnContent(string text, bool computesLength) : HttpContent
    {
        public int Serialized { get; private set; }

        public int Disposed { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            Serialized++;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text[..5]));
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text[5..]));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = text.Length;
            return computesLength;
        }

        protected override void Dispose(bool disposing)
        {
            Disposed++;
            base.Dispose(disposing);
        }
    }
}
