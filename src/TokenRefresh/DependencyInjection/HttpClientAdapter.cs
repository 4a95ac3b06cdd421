namespace TokenRefresh.DependencyInjection;

/// <summary>Sends through a client, so that its default headers apply, but leaves the answer's body to be read by whoever limits its size.</summary>
/// <remarks>As a mere <see cref="HttpMessageInvoker"/>, a client would buffer up to 2 GB of an answer before the token endpoint's code sees its first byte.</remarks>
internal sealed class HttpClientAdapter : HttpMessageHandler
{
    private readonly HttpClient _client;

    public HttpClientAdapter(HttpClient client) => _client = client;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
}
