using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Json;

namespace TokenRefresh.Http;

/// <summary>Decides which bodies come out the same a second time.</summary>
internal static class ResendableContent
{
    /// <summary>Tells whether the body can be produced twice, whatever happens to the first one.</summary>
    internal static bool IsRepeatable(HttpContent? content) => content switch
    {
        CopiedContent copied => copied.Copy.IsRepeatable,
        CopiedContent.NotDuplex copied => copied.Copy.IsRepeatable,
        null or ByteArrayContent or ReadOnlyMemoryContent => true,
        JsonContent json => !IsSequence(json.Value),
        MultipartContent multipart => new List<HttpContent>(multipart).TrueForAll(IsRepeatable),
        StreamContent stream => CanSeek(stream),
        _ => false,
    };

    /// <summary>Gets a task that completes when it is known whether a body that is being sent can be produced twice.</summary>
    internal static Task WhenKnown(HttpContent? content) => content switch
    {
        CopiedContent copied => copied.Copy.Settled,
        CopiedContent.NotDuplex copied => copied.Copy.Settled,
        _ => Task.CompletedTask,
    };

    /// <summary>
    /// Tells whether a body is to be buffered before it is sent: it cannot be produced twice, and its length is known and within the limit.
    /// </summary>
    internal static bool IsToBeBuffered(HttpContent content, int limit) =>
        limit > 0 && !IsRepeatable(content) && content.Headers.ContentLength <= limit;

    /// <summary>Buffers a body; returns at once for one that is buffered already.</summary>
    internal static Task BufferAsync(HttpContent content, int limit, CancellationToken cancellationToken) =>
#if NET9_0_OR_GREATER
        content.LoadIntoBufferAsync(limit, cancellationToken);
#else
        content.LoadIntoBufferAsync(limit).WaitAsync(cancellationToken);
#endif

    /// <summary>
    /// Returns what to send instead, so that the body can be sent again: the content itself, or one that copies up to
    /// <paramref name="limit"/> bytes while it is sent.
    /// </summary>
    internal static HttpContent? Keep(HttpContent? content, int limit)
    {
        if (IsRepeatable(content))
        {
            return content;
        }

        limit = content!.Headers.ContentLength > limit ? 0 : limit;
        if (content is StreamContent or MultipartContent)
        {
            return new CopiedContent.NotDuplex(content, limit);
        }

        // Other classes of the framework, such as the body of an answer that is passed on, are left alone: how they are sent is not
        // documented.
        return content.GetType().Assembly == typeof(HttpContent).Assembly ? content : new CopiedContent(content, limit);
    }

    // A sequence that is no collection may come out only once: that of a channel, or of a method that reads a queue. The second time it
    // would be sent as an empty array.
    private static bool IsSequence(object? value) =>
        value is not (null or string or ICollection) && (value is IEnumerable || IsAsyncEnumerable(value.GetType()));

    [UnconditionalSuppressMessage(
        "Trimming", "IL2070", Justification = "The serializer looks for the same interface; where it was trimmed away, neither finds it.")]
    private static bool IsAsyncEnumerable(Type type) => Array.Exists(
        type.GetInterfaces(), found => found.IsGenericType && found.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>));

    private static bool CanSeek(StreamContent content)
    {
        // StreamContent hands over its stream behind a read-only view; nothing is read. Over a seekable stream it leaves the stream open
        // and begins the second serialization where the stream stood when the content was constructed; any other stream it disposes after
        // the first.
        try
        {
            return content.ReadAsStream().CanSeek;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
