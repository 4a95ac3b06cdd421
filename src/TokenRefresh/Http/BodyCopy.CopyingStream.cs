namespace TokenRefresh.Http;

internal sealed partial class BodyCopy
{
    /// <summary>Copies what is written to a target.</summary>
    /// <remarks>
    /// On <see cref="AheadThread"/> writes return before the target has taken the bytes, so that a body that needs nothing but the
    /// processor is copied whole, however early the answer comes and whatever becomes of the sending.
    /// </remarks>
    private sealed class CopyingStream(BodyCopy owner, Stream target, long limit) : Stream
    {
        /// <summary>Gets what was written, or <see langword="null"/> once it is longer than the limit.</summary>
        public MemoryStream? Copy { get; private set; } = new();

        /// <summary>Gets or sets the thread that is in the call that serializes the body, or zero.</summary>
        public int AheadThread { get; set; }

        /// <summary>Gets a task that completes when the target has taken what was written ahead.</summary>
        public Task Written { get; private set; } = Task.CompletedTask;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        private bool IsAhead => AheadThread == Environment.CurrentManagedThreadId;

        public override void Flush()
        {
            if (IsAhead)
            {
                Written = FlushNextAsync(CancellationToken.None);
                return;
            }

            Written.GetAwaiter().GetResult();
            target.Flush();
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            if (!IsAhead)
            {
                return FlushNextAsync(cancellationToken);
            }

            Written = FlushNextAsync(cancellationToken);
            return Task.CompletedTask;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Keep(buffer) && IsAhead)
            {
                Written = WriteNextAsync(LastOfCopy(buffer.Length), CancellationToken.None);
                return;
            }

            Written.GetAwaiter().GetResult();
            target.Write(buffer);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            bool isKept = Keep(buffer.Span);
            if (!IsAhead || !isKept)
            {
                return Written.IsCompletedSuccessfully
                    ? target.WriteAsync(buffer, cancellationToken)
                    : new(WriteNextAsync(buffer, cancellationToken));
            }

            Written = WriteNextAsync(LastOfCopy(buffer.Length), cancellationToken);
            return default;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private bool Keep(ReadOnlySpan<byte> bytes)
        {
            if (Copy is { } copy && (copy.Length + bytes.Length > limit || owner._isDropped))
            {
                Copy = null;
            }

            Copy?.Write(bytes);
            return Copy is not null;
        }

        // The array stays as it is when the copy grows into a larger one.
        private ReadOnlyMemory<byte> LastOfCopy(int count) => Copy!.GetBuffer().AsMemory((int)Copy.Length - count, count);

        private async Task WriteNextAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            await Written.ConfigureAwait(false);
            await target.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }

        private async Task FlushNextAsync(CancellationToken cancellationToken)
        {
            await Written.ConfigureAwait(false);
            await target.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
