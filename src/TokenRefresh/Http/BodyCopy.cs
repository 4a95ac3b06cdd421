using System.Net;

namespace TokenRefresh.Http;

/// <summary>The body of a <see cref="CopiedContent"/>: sends it, copies what it sends, and sends the copy from then on.</summary>
internal sealed class BodyCopy
{
    private readonly HttpContent _inner;
    private readonly int _limit;
    private volatile bool _isStarted;
    private volatile bool _isDropped;
    private volatile MemoryStream? _sent;

    internal BodyCopy(HttpContent inner, int limit, HttpContent outer)
    {
        _inner = inner;
        _limit = limit;
        long? length = inner.Headers.ContentLength;
        foreach ((string name, var values) in inner.Headers.NonValidated)
        {
            outer.Headers.TryAddWithoutValidation(name, values);
        }

        outer.Headers.ContentLength = length;
    }

    /// <summary>Gets whether the body can be sent again: all of it was copied, or none of it was read.</summary>
    /// <remarks>A body that a handler has read as a stream was copied at any length, and counts only within the limit.</remarks>
    internal bool IsRepeatable => !_isStarted || _sent?.Length <= _limit;

    /// <summary>Ends the copying of a body that is still on its way when the answer is there; it was sent without a copy, then.</summary>
    internal void DropIfIncomplete() => _isDropped = true;

    internal Task SendAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        SendAsync(new CopyingStream(this, stream, _limit), context, cancellationToken);

    internal void Send(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        Send(new CopyingStream(this, stream, _limit), context, cancellationToken);

    /// <summary>
    /// Reads the body for a handler that wants to see it, and copies it at any length: what cannot be produced twice has yet to be sent.
    /// </summary>
    internal async Task<Stream> ReadAsync()
    {
        await SendAsync(new CopyingStream(this, Stream.Null, long.MaxValue), context: null, CancellationToken.None).ConfigureAwait(false);
        return Open();
    }

    /// <inheritdoc cref="ReadAsync"/>
    internal MemoryStream Read(CancellationToken cancellationToken)
    {
        Send(new CopyingStream(this, Stream.Null, long.MaxValue), context: null, cancellationToken);
        return Open();
    }

    internal bool TryGetLength(out long length)
    {
        MemoryStream? sent = _sent;
        length = sent?.Length ?? 0;
        return sent is not null;
    }

    private async Task SendAsync(CopyingStream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_sent is { } sent)
        {
            await stream.Target.WriteAsync(sent.GetBuffer().AsMemory(0, (int)sent.Length), cancellationToken).ConfigureAwait(false);
            return;
        }

        _isStarted = true;
        await _inner.CopyToAsync(stream, context, cancellationToken).ConfigureAwait(false);
        Publish(stream);
    }

    private void Send(CopyingStream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_sent is { } sent)
        {
            stream.Target.Write(sent.GetBuffer(), 0, (int)sent.Length);
            return;
        }

        _isStarted = true;
        _inner.CopyTo(stream, context, cancellationToken);
        Publish(stream);
    }

    // The first one stays: a length that was told is that of the body that follows.
    private void Publish(CopyingStream stream) => Interlocked.CompareExchange(ref _sent, stream.Copy, null);

    private MemoryStream Open()
    {
        MemoryStream sent = _sent!;
        return new MemoryStream(sent.GetBuffer(), 0, (int)sent.Length, writable: false);
    }

    private sealed class CopyingStream(BodyCopy owner, Stream target, long limit) : Stream
    {
        /// <summary>Gets what was written, or <see langword="null"/> once it is longer than the limit.</summary>
        public MemoryStream? Copy { get; private set; } = new();

        public Stream Target => target;

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

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

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
            if (Copy is { } copy && (copy.Length + bytes.Length > limit || owner._isDropped))
            {
                Copy = null;
            }

            Copy?.Write(bytes);
        }
    }
}
