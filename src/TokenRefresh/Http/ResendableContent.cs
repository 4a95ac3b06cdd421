using System.Net.Http.Json;

namespace TokenRefresh.Http;

/// <summary>Decides which bodies come out the same a second time.</summary>
internal static class ResendableContent
{
    /// <summary>Tells whether the body can be produced twice, whatever happens to the first one.</summary>
    internal static bool IsRepeatable(HttpContent? content) => content switch
    {
        null or ByteArrayContent or ReadOnlyMemoryContent or JsonContent => true,
        RecordingContent recording => recording.IsComplete,
        RecordingContent.NotDuplex recording => recording.IsComplete,
        MultipartContent multipart => multipart.All(IsRepeatable),

        StreamContent stream when CanSeek(stream) => true,
        _ => IsBuffered(content),
    };

    /// <summary>Returns what to send instead so that the body can be sent again: the content itself, or one that keeps up to <paramref name="limit"/> bytes.</summary>
    internal static HttpContent? Keep(HttpContent? content, int limit) =>
        limit == 0 || content is null || content.Headers.ContentLength > limit || IsRepeatable(content) ? content : RecordingContent.Over(content, limit);

    private static bool CanSeek(StreamContent content)
    {
        // StreamContent hands over its stream behind a read-only view; nothing is read. Over a seekable stream it leaves the stream open and begins the second
        // serialization where the stream stood when the content was constructed; any other stream it disposes after the first.
        try
        {
            return content.ReadAsStream().CanSeek;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Tells whether <see cref="HttpContent.LoadIntoBufferAsync()"/> was called on it.</summary>
    /// <remarks>
    /// Nothing public says so. But a buffered content always knows its length, and <c>LoadIntoBufferAsync(0)</c> succeeds at once if it is buffered and otherwise refuses a length above 0 before it touches the body.
    /// </remarks>
    private static bool IsBuffered(HttpContent content)
    {
        try
        {
            if (content.Headers.ContentLength is not > 0)
            {
                return false;
            }

            Task probe = content.LoadIntoBufferAsync(maxBufferSize: 0);
            _ = probe.Exception;
            return probe.IsCompletedSuccessfully;
        }
        catch (Exception e) when (e is ObjectDisposedException or HttpRequestException)
        {
            return false;
        }
    }
}
