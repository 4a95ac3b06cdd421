namespace TokenRefresh.Endpoint;

/// <summary>Keeps the error answer to a token request, and gives it to handlers that send the request again.</summary>
/// <remarks>
/// Stands right above the primary handler of a factory's pipeline. A resilience handler from <c>ConfigureHttpClientDefaults</c> that
/// retries a 503 then ends with that 503, as if it were not there, and not with the refusal of a second body, which looks as if the answer
/// had been lost.
/// </remarks>
internal sealed class FirstAnswerHandler : DelegatingHandler
{
    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not TokenRequestContent content)
        {
            return base.SendAsync(request, cancellationToken);
        }

        return content.Answer is { } answer
            ? Task.FromResult(answer.CreateResponse(request))
            : SendFirstAsync(request, content, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendFirstAsync(
        HttpRequestMessage request, TokenRequestContent content, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            LimitedBody body = await LimitedBody.ReadAsync(response.Content, isSynchronous: false, cancellationToken).ConfigureAwait(false);
            content.Answer = new FirstAnswer(response, body);
            return content.Answer.CreateResponse(request);
        }
    }
}
