using System.Net;

namespace TokenRefresh.Http;

/// <summary>Sends another content while keeping what was sent, up to a limit, so that a body that cannot be produced twice can be sent twice.</summary>
/// <remarks>
/// Handlers inside may send it several times: after an attempt that broke off, or at once when they hedge. Each sending produces the body anew, if the other content can, and keeps it apart;
/// the first to end has kept it for all that begin later. A body that turns out longer is sent all the same and just not kept. Never disposes the other content, which belongs to the caller's request.
/// </remarks>
internal sealed class RecordingContent : HttpContent
{
    private readonly Recording _recording;

    private RecordingContent(HttpContent inner, int limit)
    {
        _recording = new Recording(inner, limit);
        _recording.CopyHeadersTo(this);
    }

    /// <summary>Gets whether the whole body was sent once and kept.</summary>
    internal bool IsComplete => _recording.IsComplete;

    /// <summary>Wraps a content in one that is sent duplex only if the content itself is.</summary>
    internal static HttpContent Over(HttpContent inner, int limit) => IsNeverDuplex(inner) ? new NotDuplex(inner, limit) : new RecordingContent(inner, limit);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _recording.CopyToAsync(stream, context);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => _recording.CopyToAsync(stream, context, cancellationToken);

    /// <inheritdoc/>
    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) => _recording.CopyTo(stream, context, cancellationToken);

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length) => _recording.TryGetLength(out length);

    // HttpContent.AllowDuplex is internal: true, but false in each content of System.Net.Http, an answer that is passed on included, and in what derives from one.
    private static bool IsNeverDuplex(HttpContent content) => content is StreamContent or MultipartContent || content.GetType().Assembly == typeof(HttpContent).Assembly;

    /// <summary>The same as a <see cref="StreamContent"/>, whose sending over HTTP/2 and HTTP/3 ends before the answer is returned, after which the caller may dispose the body.</summary>
    internal sealed class NotDuplex : StreamContent
    {
        private readonly Recording _recording;

        internal NotDuplex(HttpContent inner, int limit)
            : base(Stream.Null)
        {
            _recording = new Recording(inner, limit);
            _recording.CopyHeadersTo(this);
        }

        /// <inheritdoc cref="RecordingContent.IsComplete"/>
        internal bool IsComplete => _recording.IsComplete;

        /// <inheritdoc/>
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _recording.CopyToAsync(stream, context);

        /// <inheritdoc/>
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => _recording.CopyToAsync(stream, context, cancellationToken);

        /// <inheritdoc/>
        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) => _recording.CopyTo(stream, context, cancellationToken);

        /// <inheritdoc/>
        protected override bool TryComputeLength(out long length) => _recording.TryGetLength(out length);

        /// <inheritdoc/>
        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => _recording.Read(cancellationToken);

        /// <inheritdoc/>
        protected override Task<Stream> CreateContentReadStreamAsync() => _recording.ReadAsync();
    }

    /// <summary>What both have in common.</summary>
    private sealed class Recording(HttpContent inner, int limit)
    {
        private volatile MemoryStream? _sent;

        // A body that a handler has read is here at any length.
        internal bool IsComplete => _sent?.Length <= limit;

        internal void CopyHeadersTo(HttpContent content)
        {
            foreach ((string name, var values) in inner.Headers.NonValidated)
            {
                content.Headers.TryAddWithoutValidation(name, values);
            }

            if (inner.Headers.ContentLength is { } length)
            {
                content.Headers.ContentLength = length;
            }
        }

        internal Task CopyToAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken = default) => CopyToAsync(new Tee(stream, limit), context, cancellationToken);

        internal void CopyTo(Stream stream, TransportContext? context, CancellationToken cancellationToken) => CopyTo(new Tee(stream, limit), context, cancellationToken);

        /// <summary>Reads the body for a handler that wants to see it, and keeps it at any length: what cannot be produced twice is yet to be sent.</summary>
        internal async Task<Stream> ReadAsync()
        {
            await CopyToAsync(new Tee(Stream.Null, long.MaxValue), context: null, CancellationToken.None).ConfigureAwait(false);
            return Open();
        }

        /// <inheritdoc cref="ReadAsync"/>
        internal MemoryStream Read(CancellationToken cancellationToken)
        {
            CopyTo(new Tee(Stream.Null, long.MaxValue), context: null, cancellationToken);
            return Open();
        }

        internal bool TryGetLength(out long length)
        {
            MemoryStream? sent = _sent;
            length = sent?.Length ?? 0;
            return sent is not null;
        }

        private static ReadOnlyMemory<byte> Bytes(MemoryStream sent) => sent.GetBuffer().AsMemory(0, (int)sent.Length);

        private async Task CopyToAsync(Tee tee, TransportContext? context, CancellationToken cancellationToken)
        {
            if (_sent is { } sent)
            {
                await tee.Target.WriteAsync(Bytes(sent), cancellationToken).ConfigureAwait(false);
                return;
            }

            await inner.CopyToAsync(tee, context, cancellationToken).ConfigureAwait(false);
            Publish(tee);
        }

        private void CopyTo(Tee tee, TransportContext? context, CancellationToken cancellationToken)
        {
            if (_sent is { } sent)
            {
                tee.Target.Write(Bytes(sent).Span);
                return;
            }

            inner.CopyTo(tee, context, cancellationToken);
            Publish(tee);
        }

        // The first one stays: a length that was told is that of the body that follows.
        private void Publish(Tee tee) => Interlocked.CompareExchange(ref _sent, tee.Kept, null);

        private MemoryStream Open()
        {
            MemoryStream sent = _sent!;
            return new MemoryStream(sent.GetBuffer(), 0, (int)sent.Length, writable: false);
        }
    }

    private sealed class Tee(Stream target, long limit) : Stream
    {
        /// <summary>Gets what was written, or <see langword="null"/> once it is longer than the limit.</summary>
        public MemoryStream? Kept { get; private set; } = new();

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
