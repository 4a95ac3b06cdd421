using System.Net;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;

namespace TokenRefresh.Endpoint;

/// <summary>The body of a token request. It leaves once or not at all, and knows which.</summary>
/// <remarks>
/// A refresh token presented twice costs the login. So no resilience, hedging or redirect handler may serialize this body again, at the same time or later, and none may buffer it:
/// a buffered body is sent again without asking its content.
/// </remarks>
internal sealed class TokenRequestContent : HttpContent
{
    private const int Fresh = 0;
    private const int Announcing = 1;
    private const int Started = 2;
    private const int Closed = 3;

    private readonly byte[] _body;
    private readonly TokenRequest _request;
    private readonly CancellationToken _deadline;
    private readonly TaskCompletionSource _announced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ExceptionDispatchInfo? _announcementFailure;
    private volatile TokenRequestResentException? _refusal;
    private int _state;

    /// <param name="body">The bytes.</param>
    /// <param name="contentType">Their media type.</param>
    /// <param name="request">Told right before the first byte leaves.</param>
    /// <param name="deadline">The caller's token, which the announcement gets: a time-out of one attempt must not look as if the announcement had failed.</param>
    internal TokenRequestContent(byte[] body, string contentType, TokenRequest request, CancellationToken deadline)
    {
        _body = body;
        _request = request;
        _deadline = deadline;
        Headers.ContentType = new MediaTypeHeaderValue(contentType);
    }

    /// <summary>Gets the refusal of a second sending, if there was one.</summary>
    internal TokenRequestResentException? Refusal => _refusal;

    /// <summary>Forbids the body to leave from now on, waits for a running announcement, and tells whether the body had begun to leave.</summary>
    internal async ValueTask<bool> CloseAsync()
    {
        int state = Interlocked.CompareExchange(ref _state, Closed, Fresh);
        if (state == Announcing)
        {
            state = Interlocked.CompareExchange(ref _state, Closed, Announcing);
            await _announced.Task.ConfigureAwait(false);
        }

        return state == Started;
    }

    /// <summary>Throws what the announcement threw, unchanged. Nothing was sent then.</summary>
    internal void ThrowIfAnnouncementFailed() => _announcementFailure?.Throw();

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // LoadIntoBufferAsync and the Read… methods hand over a private stream nested in HttpContent, and later sendings copy from it without coming here.
        if (stream.GetType().FullName?.StartsWith("System.Net.Http.HttpContent+", StringComparison.Ordinal) == true)
        {
            throw Refuse("buffer the body of a token request, from where it could be sent a second time");
        }

        if (Interlocked.CompareExchange(ref _state, Announcing, Fresh) != Fresh)
        {
            throw Refuse("send the body of a token request a second time");
        }

        try
        {
            await _request.BeforeSendAsync(_deadline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _announcementFailure = ExceptionDispatchInfo.Capture(e);
            throw;
        }
        finally
        {
            _announced.TrySetResult();
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.CompareExchange(ref _state, Started, Announcing) != Announcing)
        {
            throw new OperationCanceledException("The token request was given up before its body was sent.");
        }

        await stream.WriteAsync(_body, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }

    private TokenRequestResentException Refuse(string attempt) => _refusal = new TokenRequestResentException(
        $"A handler of the token endpoint's HTTP client tried to {attempt}; that was refused, since a refresh token may be used once. Remove retry, hedging, redirect and body-logging handlers from that client.");
}
