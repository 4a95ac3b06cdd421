using System.Net;
using System.Text;

namespace TokenRefresh.Tests.Wire;

/// <summary>Answers requests from memory, counts them, and reads their bodies as a socket would: by serializing them.</summary>
internal sealed class FakeHandler(
    Func<HttpRequestMessage, string, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    private int _count;

    public FakeHandler(Func<HttpRequestMessage, HttpResponseMessage> answer)
        : this((request, _, _) => Task.FromResult(answer(request)))
    {
    }

    public int Count => Volatile.Read(ref _count);

    public static FakeHandler Answering(int status, string body = "", string? mediaType = "application/json") =>
        new(_ => Response(status, body, mediaType));

    public static HttpResponseMessage Response(int status, string body = "", string? mediaType = "application/json") =>
        new((HttpStatusCode)status)
        {
            Content = mediaType is null
                ? new ByteArrayContent(Encoding.UTF8.GetBytes(body))
                : new StringContent(body, Encoding.UTF8, mediaType),
        };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        using var body = new MemoryStream();
        if (request.Content is { } content)
        {
            await content.CopyToAsync(body, cancellationToken);
        }

        HttpResponseMessage response = await answer(request, Encoding.UTF8.GetString(body.ToArray()), cancellationToken);
        response.RequestMessage = request;
        return response;
    }
}
