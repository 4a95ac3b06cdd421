using System.Net;
using System.Net.Http.Headers;

namespace TokenRefresh.Endpoint;

/// <summary>The body of a token request. It leaves once or not at all.</summary>
/// <remarks>
/// A refresh token presented twice costs the login. So no resilience, hedging or redirect handler may serialize this body again, at the
/// same time or later, and none may buffer it: a buffered body is sent again without asking its content.
/// </remarks>
internal sealed class TokenRequestContent : HttpContent
{
    /// <summary>The refusal of a second sending, if there was one.</summary>
    internal volatile TokenRequestResentException? Refusal;

    private readonly byte[] _body;
    private readonly TokenRequest _request;
    private readonly CancellationToken _deadline;

    // The request knows whether the body may be sent, and is told right before the first byte leaves. The deadline is the whole call's.
    internal TokenRequestContent(byte[] body, string contentType, TokenRequest request, CancellationToken deadline)
    {
        _body = body;
        _request = request;
        _deadline = deadline;
        Headers.ContentType = new MediaTypeHeaderValue(contentType);
        request.Offer(this);
    }

    /// <summary>Gets or sets what makes the error answer to this body, which every further sending of it gets.</summary>
    internal Func<HttpRequestMessage, HttpResponseMessage>? Answer { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Take(stream);
        ThrowUnless(await _request.TryAnnounceAsync(_deadline, cancellationToken).ConfigureAwait(false));
        await stream.WriteAsync(_body, cancellationToken).ConfigureAwait(false);
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Take(stream);
        ThrowUnless(_request.TryAnnounceAsync(_deadline, cancellationToken).GetAwaiter().GetResult());
        stream.Write(_body);
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => throw RefuseBuffering();

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => throw RefuseBuffering();

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }

    private static void ThrowUnless(bool maySend)
    {
        if (!maySend)
        {
            throw new OperationCanceledException("The token request was given up before its body was sent.");
        }
    }

    private void Take(Stream stream)
    {
        // LoadIntoBufferAsync, ReadAsStringAsync and their like serialize into a private stream nested in HttpContent, and later sendings
        // copy from that without asking the content. None of the members they call can be overridden (dotnet/runtime, HttpContent.cs), so
        // only the name of that stream tells them apart.
        if (stream.GetType().FullName?.StartsWith("System.Net.Http.HttpContent+", StringComparison.Ordinal) == true)
        {
            throw RefuseBuffering();
        }

        if (!_request.TryTake(this))
        {
            throw Refuse("send the body of a token request a second time");
        }
    }

    private TokenRequestResentException RefuseBuffering() =>
        Refuse("buffer the body of a token request, from where it could be sent a second time");

    private TokenRequestResentException Refuse(string attempt) => Refusal = new TokenRequestResentException(
        $"A handler of the token endpoint's HTTP client tried to {attempt}; that was refused, since a refresh token may be used once. " +
        "Remove retry, hedging, redirect and body-logging handlers from that client.");
}
