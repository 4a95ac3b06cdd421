using System.Net.Http.Headers;

namespace TokenRefresh.Http;

/// <summary>A request whose token was rejected, and what it takes to send it again with another one.</summary>
/// <param name="request">The caller's request, to which a redirect may have given another address, method and content since.</param>
/// <param name="method">The method that the caller gave it.</param>
/// <param name="address">The address that the caller gave it.</param>
/// <param name="content">The content that the caller gave it.</param>
/// <param name="sent">What is sent for that content.</param>
/// <param name="isBuffered">Whether that was buffered, which nothing public tells.</param>
/// <param name="token">The token that was rejected.</param>
internal sealed class AuthorizedRequest(
    HttpRequestMessage request,
    HttpMethod method,
    Uri? address,
    HttpContent? content,
    HttpContent? sent,
    bool isBuffered,
    AccessToken token)
{
    private readonly HttpRequestMessage _request = request;

    /// <summary>Gets the request to send: the caller's, or the clone of it that is sent with the second token.</summary>
    internal HttpRequestMessage Request { get; private set; } = request;

    internal AccessToken Token { get; private set; } = token;

    /// <summary>Gets or sets whether it is sent with another token than at first, which happens once.</summary>
    internal bool HasOtherToken { get; set; }

    /// <summary>Gets or sets whether it is sent with a second proof of the same token, which happens once.</summary>
    internal bool HasNewProof { get; set; }

    /// <summary>Puts the token on a request, and what is sent for its content.</summary>
    /// <returns>The bare header that gives way to it, or <see langword="null"/>.</returns>
    internal static string? PutToken(HttpRequestMessage request, AccessToken token, HttpContent? sent, string? nonce = null)
    {
        if (token.Key is not null)
        {
            // First, since it may throw, and then the request is as the caller gave it.
            Proofs.Put(request, token, nonce);
        }

        string? bare = null;
        if (request.Headers.NonValidated.TryGetValues(token.HeaderName, out HeaderStringValues values))
        {
            bare = values.ToString();
            request.Headers.Remove(token.HeaderName);
        }

        request.Content = sent;
        request.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
        return bare;
    }

    /// <summary>
    /// Takes the token off a request, so that no secret stays behind and a retry further outside gets the token of its moment, and gives
    /// back what was changed for it.
    /// </summary>
    internal static void TakeToken(HttpRequestMessage request, AccessToken token, HttpContent? content, HttpContent? sent, string? bare)
    {
        request.Headers.Remove(token.HeaderName);
        if (bare is not null)
        {
            request.Headers.TryAddWithoutValidation(token.HeaderName, bare);
        }

        if (token.Key is not null)
        {
            Proofs.Take(request);
        }

        if (!ReferenceEquals(content, sent))
        {
            (sent as CopiedContent)?.Copy.DropIfIncomplete();
            if (ReferenceEquals(request.Content, sent))
            {
                request.Content = content;
            }
        }
    }

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
        await ResendableContent.WhenKnown(sent)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return isBuffered || ResendableContent.IsRepeatable(sent);
    }

    /// <summary>Makes the next sending one with another token, or another proof: a clone of the request as the caller gave it.</summary>
    /// <remarks>
    /// A clone, since another <see cref="HttpClient"/> further inside refuses a message that it has sent, and a redirect has changed
    /// address, method and content of the first one. It shares the content and is never disposed.
    /// </remarks>
    internal void ReplaceToken(AccessToken next, string? nonce)
    {
        _request.Headers.Remove(Token.HeaderName);
        if (Token.Key is not null)
        {
            Proofs.Take(_request);
        }

        _request.Method = method;
        _request.RequestUri = address;
        _request.Content = content;
        Request = new HttpRequestMessage(method, address) { Version = _request.Version, VersionPolicy = _request.VersionPolicy };
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

        Token = next;
        PutToken(Request, next, sent, nonce);
    }

    /// <summary>Takes the second token off the clone.</summary>
    internal void TakeToken() => TakeToken(Request, Token, content, sent, bare: null);
}
