using Azure.Core;
using Azure.Core.Pipeline;

namespace TokenRefresh.Benchmarks.Peers;

/// <summary>
/// Azure.Core's bearer policy at the end of a pipeline that sends nothing. It sets the header too; no way leads to its cache alone.
/// </summary>
internal sealed class AzureBearer(Func<Task<(string Token, DateTimeOffset ExpiresAt)>> fetchAsync)
{
    private readonly BearerTokenAuthenticationPolicy _policy = new(new Fetching(fetchAsync), "scope");
    private readonly ReadOnlyMemory<HttpPipelinePolicy> _end = new HttpPipelinePolicy[] { new End() };

    internal static HttpMessage CreateMessage()
    {
        Request request = HttpClientTransport.Shared.CreateRequest();
        request.Uri.Reset(new Uri("https://api.example.com/v1/me"));
        return new HttpMessage(request, new ResponseClassifier()) { Response = new Ok() };
    }

    internal ValueTask AuthorizeAsync(HttpMessage message) => _policy.ProcessAsync(message, _end);

    private sealed class Fetching(Func<Task<(string Token, DateTimeOffset ExpiresAt)>> fetchAsync) : TokenCredential
    {
        public override async ValueTask<Azure.Core.AccessToken> GetTokenAsync(
            TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            (string token, DateTimeOffset expiresAt) = await fetchAsync();
            return new(token, expiresAt);
        }

        public override Azure.Core.AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            GetTokenAsync(requestContext, cancellationToken).AsTask().GetAwaiter().GetResult();
    }

    private sealed class End : HttpPipelinePolicy
    {
        public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => default;

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
        }
    }

    private sealed class Ok : Azure.Response
    {
        public override int Status => 200;

        public override string ReasonPhrase => "OK";

        public override Stream? ContentStream { get; set; }

        public override string ClientRequestId { get; set; } = "";

        public override void Dispose()
        {
        }

        protected override bool ContainsHeader(string name) => false;

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => [];

        protected override bool TryGetHeader(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value)
        {
            value = null;
            return false;
        }

        protected override bool TryGetHeaderValues(
            string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = null;
            return false;
        }
    }
}
