namespace TokenRefresh.Endpoint;

/// <summary>The first bytes of an answer's body, and what broke the reading off, if something did.</summary>
internal readonly struct LimitedBody
{
    /// <summary>64 KiB: many times what a pair of tokens needs, and little enough for a server gone mad.</summary>
    internal const int Limit = 64 * 1024;

    private LimitedBody(ReadOnlyMemory<byte> bytes, Exception? exception)
    {
        Bytes = bytes;
        Exception = exception;
    }

    internal ReadOnlyMemory<byte> Bytes { get; }

    internal Exception? Exception { get; }

    /// <summary>Reads as far as it goes, and keeps what came before a failure: it may hold the only copy of a refresh token. Counts bytes as they come out of any decompression; announced lengths are not believed.</summary>
    internal static async ValueTask<LimitedBody> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        try
        {
            Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (length < Limit)
                {
                    if (length == buffer.Length)
                    {
                        Array.Resize(ref buffer, buffer.Length * 2);
                    }

                    int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                    if (read == 0)
                    {
                        break;
                    }

                    length += read;
                }
            }
        }
        catch (Exception e)
        {
            return new(buffer.AsMemory(0, length), e);
        }

        return new(buffer.AsMemory(0, length), exception: null);
    }
}
