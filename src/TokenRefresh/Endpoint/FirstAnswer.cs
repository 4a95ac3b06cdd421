using System.Net;
using System.Net.Http.Headers;

namespace TokenRefresh.Endpoint;

/// <summary>An error answer that can be given more than once.</summary>
internal sealed class FirstAnswer(HttpResponseMessage response, LimitedBody body)
{
    private readonly HttpStatusCode _status = response.StatusCode;
    private readonly HttpResponseHeaders _headers = response.Headers;
    private readonly HttpContentHeaders _contentHeaders = response.Content.Headers;

    internal HttpResponseMessage CreateResponse(HttpRequestMessage request)
    {
        var copy = new HttpResponseMessage(_status)
        {
            Content = new ReadOnlyMemoryContent(body.Bytes),
            RequestMessage = request,
        };
        Copy(_headers, copy.Headers);
        Copy(_contentHeaders, copy.Content.Headers);

        // What was compressed is not any more.
        copy.Content.Headers.Remove("Content-Encoding");
        copy.Content.Headers.Remove("Content-Length");
        return copy;
    }

    private static void Copy(HttpHeaders from, HttpHeaders to)
    {
        foreach (KeyValuePair<string, HeaderStringValues> header in from.NonValidated)
        {
            to.TryAddWithoutValidation(header.Key, header.Value);
        }
    }
}
