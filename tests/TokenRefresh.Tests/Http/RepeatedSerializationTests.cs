using System.Net;
using System.Text;
using FluentAssertions;
using TokenRefresh.Http;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

/// <summary>A kept body under handlers that serialize it more than once: retries, one after the other, and hedging, at once.</summary>
public sealed class RepeatedSerializationTests
{
    private static readonly string Text = string.Concat(Enumerable.Range(1000, 1500));

    [Theory]
    [FailureMode("F61")]
    [InlineData(20000, 2)]
    [InlineData(6000, 2)]
    [InlineData(5999, 1)]
    public async Task A_body_that_broke_off_and_was_sent_again_by_a_retry_is_resent_as_it_is(int limit, int resent)
    {
        var bodies = new List<string>();
        var server = new FakeHandler((_, body, _) =>
        {
            bodies.Add(body);
            return Task.FromResult(FakeHandler.Response(bodies.Count == 1 ? 401 : 200));
        });
        int attempts = 0;
        var retry = new Relay(server, async (request, send) =>
        {
            if (attempts++ == 0)
            {
                Func<Task> broken = () => request.Content!.CopyToAsync(new Breaking(after: 3000));
                await broken.Should().ThrowAsync<HttpRequestException>();
            }

            return await send();
        });
        using HttpMessageInvoker client = GivenHandler.Client(
            new RotatingTokens(), retry, new BearerTokenHandlerOptions { BufferLimit = limit });

        using HttpResponseMessage response = await GivenHandler.SendAsync(client, r => r.Content = new TwoParts(Text, Task.CompletedTask));

        response.StatusCode.Should().Be(resent == 2 ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        bodies.Should().Equal(Enumerable.Repeat(Text, resent));
    }

    [Theory]
    [FailureMode("F61")]
    [InlineData(20000, true)]
    [InlineData(6000, true)]
    [InlineData(5999, false)]
    public async Task Serializations_at_once_keep_the_body_of_the_first_that_ends(int limit, bool isKept)
    {
        var gate = new TaskCompletionSource();
        HttpContent kept = ResendableContent.Keep(new TwoParts(Text, gate.Task), limit)!;
        using MemoryStream first = new(), second = new(), third = new();

        Task[] hedged = [kept.CopyToAsync(first), kept.CopyToAsync(second)];
        bool isKeptHalfway = ResendableContent.IsRepeatable(kept);
        gate.SetResult();
        await Task.WhenAll(hedged);
        await kept.CopyToAsync(third);

        isKeptHalfway.Should().BeFalse();
        ResendableContent.IsRepeatable(kept).Should().Be(isKept);
        Sent(first, second, third).Should().Equal(Text, Text, Text);
    }

    [Fact]
    [FailureMode("F61")]
    public async Task A_serialization_that_is_overtaken_sends_its_body_to_the_end_and_changes_nothing_kept()
    {
        var gate = new TaskCompletionSource();
        var content = new TwoParts(Text, gate.Task);
        HttpContent kept = ResendableContent.Keep(content, limit: 20000)!;
        using MemoryStream slow = new(), fast = new(), resent = new();

        Task overtaken = kept.CopyToAsync(slow);
        content.Gate = Task.CompletedTask;
        await kept.CopyToAsync(fast);
        bool isKept = ResendableContent.IsRepeatable(kept);
        gate.SetResult();
        await overtaken;
        await kept.CopyToAsync(resent);

        isKept.Should().BeTrue();
        Sent(slow, fast, resent).Should().Equal(Text, Text, Text);
        content.Serialized.Should().Be(2);
    }

    [Fact]
    [FailureMode("F61")]
    public async Task Many_threads_that_serialize_one_body_send_it_as_it_is()
    {
        for (int round = 0; round < 300; round++)
        {
            HttpContent kept = ResendableContent.Keep(new TwoParts(Text, Task.CompletedTask), limit: 20000)!;
            MemoryStream[] sent = [new(), new(), new()];

            await Task.WhenAll(sent[..2].Select(s => Task.Run(() => kept.CopyToAsync(s))));
            await kept.CopyToAsync(sent[2]);

            ResendableContent.IsRepeatable(kept).Should().BeTrue();
            Sent(sent).Should().Equal(Text, Text, Text);
        }
    }

    [Theory]
    [FailureMode("F61")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_broke_off_refuses_the_second_attempt_and_is_not_resent(bool synchronous)
    {
        HttpContent kept = ResendableContent.Keep(new StreamContent(new Waiting(Encoding.UTF8.GetBytes(Text), !synchronous)), limit: 6000)!;
        Func<Stream, Task> send = synchronous ? Synchronously : kept.CopyToAsync;

        await send.Invoking(s => s(new Breaking(after: 3000))).Should().ThrowAsync<HttpRequestException>();
        await send.Invoking(s => s(new MemoryStream())).Should().ThrowAsync<InvalidOperationException>();

        ResendableContent.IsRepeatable(kept).Should().BeFalse();

        async Task Synchronously(Stream target)
        {
            await Task.Yield();
            kept.CopyTo(target, context: null, CancellationToken.None);
        }
    }

    private static string[] Sent(params MemoryStream[] targets) => [.. targets.Select(t => Encoding.UTF8.GetString(t.ToArray()))];

    /// <summary>Can be produced any number of times, which no one can tell by looking at it.</summary>
    private sealed class TwoParts(string text, Task gate) : HttpContent
    {
        private int _serialized;

        public int Serialized => Volatile.Read(ref _serialized);

        /// <summary>What a serialization that begins now waits for in its middle.</summary>
        public Task Gate { get; set; } = gate;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            Interlocked.Increment(ref _serialized);
            Task halfway = Gate;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text[..2500]));
            await halfway;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text[2500..]));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>A connection that is reset.</summary>
    private sealed class Breaking(int after) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > after)
            {
                throw new IOException("Reset.");
            }

            base.Write(buffer, offset, count);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.ToArray(), 0, buffer.Length);
            return default;
        }
    }

    private sealed class Waiting(byte[] bytes, bool waits) : OneWay(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await (waits ? Task.Run(() => { }, cancellationToken) : Task.CompletedTask);
            return Read(buffer.Span);
        }
    }
}
