namespace TokenRefresh.Tests.Wire;

/// <summary>A handler of someone else in the pipeline: retries, hedges, follows redirects, or does nothing.</summary>
internal sealed class Relay(
    HttpMessageHandler inner,
    Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> relay) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        relay(request, () => base.SendAsync(request, cancellationToken));
}
