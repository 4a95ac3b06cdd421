using System.IO.Compression;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace TokenRefresh.Endpoint;

/// <summary>The first bytes of an answer's body, and what broke the reading off, if something did.</summary>
internal sealed class LimitedBody
{
    /// <summary>1 MiB: some servers put an <c>id_token</c> with hundreds of groups before the refresh token.</summary>
    internal const int Limit = 1024 * 1024;

    private byte[] _buffer = new byte[4096];
    private int _length;

    private LimitedBody()
    {
    }

    internal ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    internal Exception? Exception { get; private set; }

    /// <summary>Gets whether the body ended before the limit, and nothing broke it off.</summary>
    internal bool IsWhole => Exception is null && _length < Limit;

    /// <summary>
    /// Reads as far as it goes, and keeps what came before a failure: it may hold the only copy of a refresh token. Announced lengths are
    /// not believed. A synchronous reading stays on this thread, and only the disposal of the content can end it.
    /// </summary>
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    internal static async Task<LimitedBody> ReadAsync(HttpContent content, bool isSynchronous, CancellationToken cancellationToken)
    {
        var body = new LimitedBody();
        try
        {
            using CancellationTokenRegistration registration = isSynchronous
                ? cancellationToken.UnsafeRegister(static content => ((HttpContent)content!).Dispose(), content)
                : default;
            using Stream stream = isSynchronous
                ? content.ReadAsStream(cancellationToken)
                : await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            while (body.Add(isSynchronous
                ? stream.Read(body.Free().Span)
                : await stream.ReadAsync(body.Free(), cancellationToken).ConfigureAwait(false)))
            {
            }
        }
        catch (Exception e)
        {
            body.Exception = e;
        }

        // A disposed stream may also look as if it had ended.
        if (isSynchronous && cancellationToken.IsCancellationRequested)
        {
            body.Exception = new OperationCanceledException(
                "The answer was not read to its end in time.", body.Exception, cancellationToken);
        }

        return content.Headers.NonValidated.TryGetValues("Content-Encoding", out HeaderStringValues coding)
            || body._buffer is [0x1F, 0x8B, ..]
                ? body.Decompress(coding.ToString())
                : body;
    }

    // Some front ends compress whether asked or not. Not left to the handler: where the label is wrong it throws, and the bytes are gone.
    private LimitedBody Decompress(string coding)
    {
        using var compressed = new MemoryStream(_buffer, 0, _length, writable: false);
        using Stream stream = _buffer is [0x1F, 0x8B, ..] ? new GZipStream(compressed, CompressionMode.Decompress)
            : coding.Contains("br", StringComparison.OrdinalIgnoreCase) ? new BrotliStream(compressed, CompressionMode.Decompress)
            : coding.Contains("deflate", StringComparison.OrdinalIgnoreCase) ? new ZLibStream(compressed, CompressionMode.Decompress)
            : Stream.Null;
        var plain = new LimitedBody { Exception = Exception };
        try
        {
            while (plain.Add(stream.Read(plain.Free().Span)))
            {
            }
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            plain.Exception ??= e;
        }

        return plain._length == 0 ? this : plain;
    }

    private Memory<byte> Free()
    {
        if (_length == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        return _buffer.AsMemory(_length);
    }

    // Whether there may be more.
    private bool Add(int count)
    {
        _length += count;
        return count > 0 && _length < Limit;
    }
}
