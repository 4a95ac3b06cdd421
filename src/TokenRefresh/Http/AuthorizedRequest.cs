using System.Net.Http.Headers;

namespace TokenRefresh.Http;

/// <summary>A request with the token on it, and what it takes to send it again and to leave it as it was found.</summary>
internal sealed class AuthorizedRequest
{
    private readonly HttpRequestMessage _request;
    private readonly HttpMethod _method;
    private readonly Uri? _address;
    private readonly HttpContent? _content;
    private readonly HttpContent? _sentContent;
    private readonly string? _bareHeader;
    private readonly bool _isBuffered;

    /// <summary>Puts the token on the request.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="token">The token.</param>
    /// <param name="sentContent">What is sent for the caller's content.</param>
    /// <param name="isBuffered">Whether that was buffered, which nothing public tells.</param>
    internal AuthorizedRequest(HttpRequestMessage request, AccessToken token, HttpContent? sentContent, bool isBuffered)
    {
        _isBuffered = isBuffered;
        _request = request;
        _method = request.Method;
        _address = request.RequestUri;
        _content = request.Content;
        _sentContent = sentContent;
        Request = request;
        Token = token;
        if (request.Headers.NonValidated.TryGetValues(token.HeaderName, out HeaderStringValues bare))
        {
            _bareHeader = bare.ToString();
            request.Headers.Remove(token.HeaderName);
        }

        SetToken(token);
    }

    /// <summary>Gets the request to send: the caller's, or the clone of it that is sent with the second token.</summary>
    internal HttpRequestMessage Request { get; private set; }

    internal AccessToken Token { get; private set; }

    /// <summary>Gets whether the token is on the request still; a followed redirect takes <c>Authorization</c> off.</summary>
    internal bool CarriesToken => Request.Headers.Contains(Token.HeaderName);

    /// <summary>Tells whether a request has a header of the caller's, which stays as it is.</summary>
    /// <remarks><c>Authorization: Bearer</c> without a token is how Refit marks the requests that a handler is to authorize.</remarks>
    internal static bool HasOwnHeader(HttpRequestMessage request, string name)
    {
        if (!request.Headers.Contains(name))
        {
            return false;
        }

        string value = request.Headers.NonValidated[name].ToString();
        return !string.Equals(name, AccessToken.DefaultHeaderName, StringComparison.OrdinalIgnoreCase)
            || !value.AsSpan().Trim().Equals(AccessToken.DefaultTokenType, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Tells whether the body can be sent again, as soon as that is known.</summary>
    internal async ValueTask<bool> IsRepeatableAsync(CancellationToken cancellationToken)
    {
        // A caller that leaves meanwhile gets its cancellation from the wait for the token, or the rejection.
        await ResendableContent.WhenKnown(_sentContent)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _isBuffered || ResendableContent.IsRepeatable(_sentContent);
    }

    /// <summary>Makes the next sending one with another token: a clone of the request as the caller gave it.</summary>
    /// <remarks>
    /// A clone, since another <see cref="HttpClient"/> further inside refuses a message that it has sent, and a redirect has changed
    /// address, method and content of the first one. It shares the content and is never disposed.
    /// </remarks>
    internal void ReplaceToken(AccessToken next)
    {
        _request.Headers.Remove(Token.HeaderName);
        _request.Method = _method;
        _request.RequestUri = _address;
        _request.Content = _content;
        Request = new HttpRequestMessage(_method, _address) { Version = _request.Version, VersionPolicy = _request.VersionPolicy };
        foreach ((string name, HeaderStringValues values) in _request.Headers.NonValidated)
        {
            Request.Headers.TryAddWithoutValidation(name, values);
        }

        // Extended CONNECT (RFC 8441), by which a WebSocket begins over HTTP/2; no header by itself.
        Request.Headers.Protocol = _request.Headers.Protocol;
        IDictionary<string, object?> options = Request.Options;
        foreach ((string key, object? value) in _request.Options)
        {
            options[key] = value;
        }

        SetToken(next);
    }

    /// <summary>
    /// Takes the token off the request, so that no secret stays behind and a retry further outside gets the token of its moment.
    /// </summary>
    internal void Restore()
    {
        (_sentContent as CopiedContent)?.Copy.DropIfIncomplete();
        Remove(Request);
        if (_bareHeader is not null)
        {
            _request.Headers.TryAddWithoutValidation(Token.HeaderName, _bareHeader);
        }
    }

    private void SetToken(AccessToken token)
    {
        Token = token;
        Request.Content = _sentContent;
        Request.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
    }

    private void Remove(HttpRequestMessage request)
    {
        request.Headers.Remove(Token.HeaderName);
        if (ReferenceEquals(request.Content, _sentContent))
        {
            request.Content = _content;
        }
    }
}
