namespace TokenRefresh.Http;

/// <summary>A request with the token on it, and what it takes to send it again and to leave it as it was found.</summary>
/// <remarks>
/// The same message is sent again, not a copy: headers, options, version and version policy are the caller's own by construction, and the content has one owner. <see cref="HttpClient"/> refuses a message it has sent;
/// the handlers inside of it do not. What a redirect inside changes (address, method, content) is put back for the second sending, and left for the caller to see otherwise.
/// </remarks>
internal struct AuthorizedRequest
{
    private readonly HttpMethod _method;
    private readonly Uri? _address;
    private readonly HttpContent? _content;
    private readonly HttpContent? _sentContent;

    private AuthorizedRequest(HttpRequestMessage request, AccessToken token, HttpContent? sentContent)
    {
        Request = request;
        Token = token;
        _method = request.Method;
        _address = request.RequestUri;
        _content = request.Content;
        _sentContent = sentContent;
    }

    internal HttpRequestMessage Request { get; }

    internal AccessToken Token { get; private set; }

    /// <summary>Gets whether the token is on the request yet; a followed redirect takes <c>Authorization</c> off.</summary>
    internal readonly bool StillCarriesToken => Request.Headers.Contains(Token.HeaderName);

    internal readonly bool IsRepeatable => ResendableContent.IsRepeatable(_sentContent);

    internal static AuthorizedRequest Attach(HttpRequestMessage request, AccessToken token, int bufferLimit)
    {
        var attached = new AuthorizedRequest(request, token, ResendableContent.Keep(request.Content, bufferLimit));
        request.Content = attached._sentContent;
        request.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
        return attached;
    }

    internal void AttachAgain(AccessToken next)
    {
        Request.Headers.Remove(Token.HeaderName);
        Request.Method = _method;
        Request.RequestUri = _address;
        Request.Content = _sentContent;
        Token = next;
        Request.Headers.TryAddWithoutValidation(next.HeaderName, next.HeaderValue);
    }

    internal readonly void Detach()
    {
        Request.Headers.Remove(Token.HeaderName);
        if (ReferenceEquals(Request.Content, _sentContent))
        {
            Request.Content = _content;
        }
    }
}
