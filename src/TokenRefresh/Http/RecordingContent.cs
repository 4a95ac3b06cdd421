using System.Net;

namespace TokenRefresh.Http;

/// <summary>Sends another content while keeping what was sent, up to a limit, so that a body that cannot be produced twice can be sent twice.</summary>
/// <remarks>A body that turns out longer is sent all the same and just not kept. Never disposes the other content, which belongs to the caller's request.</remarks>
internal sealed class RecordingContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly int _limit;
    private MemoryStream? _sent = new();
    private volatile bool _isComplete;

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
    internal bool IsComplete => _isComplete;

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_isComplete)
        {
            await stream.WriteAsync(Sent(), cancellationToken).ConfigureAwait(false);
            return;
        }

        await _inner.CopyToAsync(new Tee(this, stream), context, cancellationToken).ConfigureAwait(false);
        _isComplete = _sent is not null;
    }

    /// <inheritdoc/>
    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_isComplete)
        {
            stream.Write(Sent().Span);
            return;
        }

        _inner.CopyTo(new Tee(this, stream), context, cancellationToken);
        _isComplete = _sent is not null;
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _isComplete ? Sent().Length : 0;
        return _isComplete;
    }

    private ReadOnlyMemory<byte> Sent() => _sent!.GetBuffer().AsMemory(0, (int)_sent.Length);

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_sent?.Length + bytes.Length > _limit)
        {
            _sent = null;
        }

        _sent?.Write(bytes);
    }

    private sealed class Tee(RecordingContent owner, Stream target) : Stream
    {
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
            owner.Keep(buffer);
            target.Write(buffer);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            owner.Keep(buffer.Span);
            return target.WriteAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
