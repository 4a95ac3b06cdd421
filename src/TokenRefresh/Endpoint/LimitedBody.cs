using System.IO.Compression;
using System.Net.Http.Headers;

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
    /// Reads as far as it goes, and keeps what came before a failure: it may hold the only copy of a refresh token. Announced lengths are
    /// not believed.
    /// </summary>
    /// <param name="content">What to read.</param>
    /// <param name="isSynchronous">Whether to stay on this thread, whose reads only the disposal of the content can end.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal static async ValueTask<LimitedBody> ReadAsync(HttpContent content, bool isSynchronous, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        Exception? exception = null;
        try
        {
            using CancellationTokenRegistration registration = isSynchronous
                ? cancellationToken.UnsafeRegister(static content => ((HttpContent)content!).Dispose(), content)
                : default;
            using Stream stream = isSynchronous
                ? content.ReadAsStream(cancellationToken)
                : await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            int read;
            do
            {
                Memory<byte> free = Free(ref buffer, length);
                read = isSynchronous ? stream.Read(free.Span) : await stream.ReadAsync(free, cancellationToken).ConfigureAwait(false);
                length += read;
            }
            while (read > 0 && length < Limit);
        }
        catch (Exception e)
        {
            exception = e;
        }

        // A disposed stream may also look as if it had ended.
        if (isSynchronous && cancellationToken.IsCancellationRequested)
        {
            exception = new OperationCanceledException("The answer was not read to its end in time.", exception, cancellationToken);
        }

        var body = new LimitedBody(buffer, length, exception);
        return content.Headers.NonValidated.TryGetValues("Content-Encoding", out HeaderStringValues coding) || buffer is [0x1F, 0x8B, ..]
            ? body.Decompress(coding.ToString())
            : body;
    }

    // Some front ends compress whether asked or not. Not left to the handler: where the label is wrong it throws, and the bytes are gone.
    private LimitedBody Decompress(string coding)
    {
        using var compressed = new MemoryStream(_buffer, 0, _length, writable: false);
        using Stream? stream = _buffer is [0x1F, 0x8B, ..] ? new GZipStream(compressed, CompressionMode.Decompress)
            : coding.Contains("br", StringComparison.OrdinalIgnoreCase) ? new BrotliStream(compressed, CompressionMode.Decompress)
            : coding.Contains("deflate", StringComparison.OrdinalIgnoreCase) ? new ZLibStream(compressed, CompressionMode.Decompress)
            : null;
        byte[] buffer = new byte[4096];
        int length = 0;
        Exception? exception = Exception;
        try
        {
            int read;
            do
            {
                read = stream?.Read(Free(ref buffer, length).Span) ?? 0;
                length += read;
            }
            while (read > 0 && length < Limit);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            exception ??= e;
        }

        return length == 0 ? this : new(buffer, length, exception);
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
