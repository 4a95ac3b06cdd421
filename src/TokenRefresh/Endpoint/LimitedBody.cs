namespace TokenRefresh.Endpoint;

/// <summary>The first bytes of an answer's body, and what broke the reading off, if something did.</summary>
internal sealed class LimitedBody
{
    /// <summary>1 MiB: some servers put an <c>id_token</c> with hundreds of groups before the refresh token.</summary>
    internal const int Limit = 1024 * 1024;

    private readonly byte[] _buffer;
    private readonly int _length;

    private LimitedBody(byte[] buffer, int length, Exception? exception)
    {
        _buffer = buffer;
        _length = length;
        Exception = exception;
    }

    internal ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    internal Exception? Exception { get; }

    /// <summary>Gets whether the body ended before the limit, and nothing broke it off.</summary>
    internal bool IsWhole => Exception is null && _length < Limit;

    /// <summary>
    /// Reads as far as it goes, and keeps what came before a failure: it may hold the only copy of a refresh token. Counts bytes as they
    /// come out of any decompression; announced lengths are not believed.
    /// </summary>
    internal static async ValueTask<LimitedBody> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        try
        {
            using Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            int read;
            do
            {
                read = await stream.ReadAsync(Free(ref buffer, length), cancellationToken).ConfigureAwait(false);
                length += read;
            }
            while (read > 0 && length < Limit);
            return new(buffer, length, exception: null);
        }
        catch (Exception e)
        {
            return new(buffer, length, e);
        }
    }

    /// <summary>Does the same on this thread, whose reads only the disposal of the content can end.</summary>
    internal static LimitedBody Read(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        Exception? exception = null;
        try
        {
            using (cancellationToken.UnsafeRegister(static content => ((HttpContent)content!).Dispose(), content))
            using (Stream stream = content.ReadAsStream(cancellationToken))
            {
                int read;
                do
                {
                    read = stream.Read(Free(ref buffer, length).Span);
                    length += read;
                }
                while (read > 0 && length < Limit);
            }
        }
        catch (Exception e)
        {
            exception = e;
        }

        // A disposed stream may also look as if it had ended.
        if (cancellationToken.IsCancellationRequested)
        {
            exception = new OperationCanceledException("The answer was not read to its end in time.", exception, cancellationToken);
        }

        return new(buffer, length, exception);
    }

    private static Memory<byte> Free(ref byte[] buffer, int length)
    {
        if (length == buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        return buffer.AsMemory(length);
    }
}
