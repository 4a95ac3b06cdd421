using System.Net;
using System.Reflection;
using System.Text;
using FluentAssertions;
using TokenRefresh.Http;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Http;

/// <summary>
/// Over HTTP/2 and later a duplex body may still be on its way when the answer is returned, and its caller may dispose it then. Only a
/// caller's own class is sent so, kept or not.
/// </summary>
public sealed class DuplexTests
{
    // What the transport asks a content before it sends it; nothing public says so.
    private static readonly PropertyInfo AllowDuplex = typeof(HttpContent)
        .GetProperty("AllowDuplex", BindingFlags.Instance | BindingFlags.NonPublic)!;

    public static TheoryData<HttpContent, bool> Bodies => new()
    {
        { new StreamContent(new OneWay([])), false },
        { new Derived(new OneWay([])), false },
        { new MultipartFormDataContent { { new StreamContent(new OneWay([])), "file" } }, false },
        { new Own(), true },
    };

    [Theory]
    [MemberData(nameof(Bodies), DisableDiscoveryEnumeration = true)]
    public void A_kept_body_is_sent_duplex_only_if_it_would_be_by_itself(HttpContent body, bool isDuplex)
    {
        HttpContent? kept = ResendableContent.Keep(body, limit: 1000);

        kept.Should().NotBeSameAs(body);
        AllowDuplex.GetValue(body).Should().Be(isDuplex);
        AllowDuplex.GetValue(kept).Should().Be(isDuplex);
    }

    [Fact]
    [FailureMode("F121")]
    public void No_kept_body_is_a_stream_s_which_the_hedging_handler_would_refuse()
    {
        IEnumerable<HttpContent?> kept = Bodies.Select(row => ResendableContent.Keep(row.Data.Item1, limit: 1000));

        kept.Should().HaveCount(Bodies.Count).And.NotContain(body => body is StreamContent);
    }

    private sealed class Derived(Stream stream) : StreamContent(stream);

    private sealed class Own : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            stream.WriteAsync(Encoding.UTF8.GetBytes("own")).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
