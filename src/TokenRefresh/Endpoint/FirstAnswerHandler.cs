using System.Net.Http.Headers;

namespace TokenRefresh.Endpoint;

/// <summary>Keeps the error answer to a token request, and gives it to handlers that send the request again.</summary>
/// <remarks>
/// Stands right above the primary handler of a factory's pipeline. A resilience handler from <c>ConfigureHttpClientDefaults</c> that
/// retries a 503 then ends with that 503, as if it were not there, and not with the refusal of a second body, which looks as if the answer
/// had been lost.
/// </remarks>
internal sealed class FirstAnswerHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var content = request.Content as TokenRequestContent;
        if (content?.Answer is { } answer)
        {
            return answer(request);
        }

        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (content is null || response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            LimitedBody body = await LimitedBody.ReadAsync(response.Content, isSynchronous: false, cancellationToken).ConfigureAwait(false);
            content.Answer = message => Copy(message, response, body);
            return content.Answer(request);
        }
    }

    private static HttpResponseMessage Copy(HttpRequestMessage request, HttpResponseMessage response, LimitedBody body)
    {
        var copy = new HttpResponseMessage(response.StatusCode)
        {
            Content = new ReadOnlyMemoryContent(body.Bytes),
            RequestMessage = request,
        };
        Copy(response.Headers, copy.Headers);
        Copy(response.Content.Headers, copy.Content.Headers);

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
