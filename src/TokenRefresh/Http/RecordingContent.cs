using System.Net;

namespace TokenRefresh.Http;

/// <summary>Sends another content while keeping what was sent, up to a limit, so that a body that cannot be produced twice can be sent twice.</summary>
/// <remarks>
/// Handlers inside may send it several times: after an attempt that broke off, or at once when they hedge. Each sending produces the body anew, if the other content can, and keeps it apart;
/// the first to end has kept it for all that begin later. A body that turns out longer is sent all the same and just not kept. Never disposes the other content, which belongs to the caller's request.
/// </remarks>
internal sealed class RecordingContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly int _limit;
    private volatile MemoryStream? _sent;

    internal RecordingContent(HttpContent inner, int limit)
    {
        _inner = inner;
        _limit = limit;

        foreach ((string name, var values) in inner.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(name, values);
        }

        if (inner.Headers.ContentLength is { } length)
        {
            Headers.ContentLength = length;
        }
    }

    /// <summary>Gets whether the whole body was sent once and kept.</summary>
    internal bool IsComplete => _sent is not null;

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_sent is { } sent)
        {
            await stream.WriteAsync(Bytes(sent), cancellationToken).ConfigureAwait(false);
            return;
        }

        var tee = new Tee(stream, _limit);
        await _inner.CopyToAsync(tee, context, cancellationToken).ConfigureAwait(false);
        Publish(tee);
    }

    /// <inheritdoc/>
    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_sent is { } sent)
        {
            stream.Write(Bytes(sent).Span);
            return;
        }

        var tee = new Tee(stream, _limit);
        _inner.CopyTo(tee, context, cancellationToken);
        Publish(tee);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        MemoryStream? sent = _sent;
        length = sent?.Length ?? 0;
        return sent is not null;
    }

    private static ReadOnlyMemory<byte> Bytes(MemoryStream sent) => sent.GetBuffer().AsMemory(0, (int)sent.Length);

    // The first one stays: a length that was told is that of the body that follows.
    private void Publish(Tee tee) => Interlocked.CompareExchange(ref _sent, tee.Kept, null);

    private sealed class Tee(Stream target, int limit) : Stream
    {
        /// <summary>Gets what was written, or <see langword="null"/> once it is longer than the limit.</summary>
        public MemoryStream? Kept { get; private set; } = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => target.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => target.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Keep(buffer);
            target.Write(buffer);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Keep(buffer.Span);
            return target.WriteAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Keep(ReadOnlySpan<byte> bytes)
        {
            if (Kept?.Length + bytes.Length > limit)
            {
                Kept = null;
            }

            Kept?.Write(bytes);
        }
    }
}
