using System.Net;

namespace TokenRefresh.Http;

/// <summary>
/// Sends another content and copies what is sent, up to a limit, so that a body that can be produced only once can be sent twice.
/// </summary>
/// <remarks>
/// Handlers inside may send it several times: after an attempt that broke off, or at once when they hedge. Each sending produces the body
/// anew, if the other content can; the first copy to be complete serves all sendings that begin later. A longer body is sent all the same,
/// without a copy. Never disposes the other content, which belongs to the caller's request.
/// </remarks>
internal sealed class CopiedContent : HttpContent
{
    internal CopiedContent(HttpContent inner, int limit) => Copy = new BodyCopy(inner, limit, this);

    internal BodyCopy Copy { get; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        Copy.SendAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        Copy.SendAsync(stream, context, cancellationToken);

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        Copy.Send(stream, context, cancellationToken);

    protected override bool TryComputeLength(out long length) => Copy.TryGetLength(out length);

    /// <summary>
    /// The same as a <see cref="ByteArrayContent"/>: over HTTP/2 and HTTP/3 the sending of such a body, as of those it stands for, ends
    /// before the answer is returned, after which the caller may dispose the body.
    /// </summary>
    /// <remarks>
    /// Not as a <see cref="StreamContent"/>, although that would do the same: the hedging handler of
    /// <c>Microsoft.Extensions.Http.Resilience</c> refuses every request that has one.
    /// </remarks>
    internal sealed class NotDuplex : ByteArrayContent
    {
        internal NotDuplex(HttpContent inner, int limit)
            : base([]) => Copy = new BodyCopy(inner, limit, this);

        internal BodyCopy Copy { get; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            Copy.SendAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            Copy.SendAsync(stream, context, cancellationToken);

        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            Copy.Send(stream, context, cancellationToken);

        protected override bool TryComputeLength(out long length) => Copy.TryGetLength(out length);

        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => Copy.Read(cancellationToken);

        protected override Task<Stream> CreateContentReadStreamAsync() => Copy.ReadAsync();
    }
}
