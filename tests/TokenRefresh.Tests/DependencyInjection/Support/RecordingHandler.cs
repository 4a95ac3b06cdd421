using System.Net;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>Answers every request with 200 and keeps what it was asked.</summary>
internal sealed class RecordingHandler : HttpMessageHandler
{
    public List<string> Authorizations { get; } = [];

    public HttpRequestMessage? Last { get; private set; }

    public Func<HttpContent> Content { get; set; } = () => new StringContent("{}");

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Last = request;
        Authorizations.Add(request.Headers.TryGetValues("Authorization", out var values) ? string.Join(", ", values) : "none");
        return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request, Content = Content() });
    }
}
