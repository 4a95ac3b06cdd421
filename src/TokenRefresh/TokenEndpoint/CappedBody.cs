namespace TokenRefresh.TokenEndpoint;

/// <summary>The first bytes of an answer's body, and how the reading of it ended.</summary>
internal readonly struct CappedBody
{
    /// <summary>64 KiB: many times what a pair of tokens needs, and little enough for a server gone mad.</summary>
    internal const int Limit = 64 * 1024;

    private CappedBody(ReadOnlyMemory<byte> bytes, bool isWhole, Exception? exception)
    {
        Bytes = bytes;
        IsWhole = isWhole;
        Exception = exception;
    }

    internal ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Gets whether the body ended by itself within the limit.</summary>
    internal bool IsWhole { get; }

    /// <summary>Gets what broke the reading off, if something did.</summary>
    internal Exception? Exception { get; }

    /// <summary>Reads as far as it goes, and keeps what came before a failure: it may hold the only copy of a refresh token. Counts bytes as they come out of any decompression; announced lengths are not believed.</summary>
    internal static async ValueTask<CappedBody> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        try
        {
            Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (true)
                {
                    if (length == buffer.Length)
                    {
                        if (length >= Limit)
                        {
                            // One more byte decides between a body of exactly this size and a longer one.
                            bool ended = await stream.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) == 0;
                            return new(buffer.AsMemory(0, length), ended, exception: null);
                        }

                        Array.Resize(ref buffer, Math.Min(buffer.Length * 2, Limit));
                    }

                    int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                    if (read == 0)
                    {
                        return new(buffer.AsMemory(0, length), isWhole: true, exception: null);
                    }

                    length += read;
                }
            }
        }
        catch (Exception e)
        {
            return new(buffer.AsMemory(0, length), isWhole: false, e);
        }
    }
}
