namespace TokenRefresh;

/// <summary>Attaches the access token to each request, and sends a rejected request once more with another token.</summary>
public sealed class BearerTokenHandler : DelegatingHandler
{
    private readonly ITokenProvider _tokens;

    /// <summary>Creates a handler; set <see cref="DelegatingHandler.InnerHandler"/> where no factory does.</summary>
    /// <param name="tokens">Where tokens come from. Never disposed by the handler.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    public BearerTokenHandler(ITokenProvider tokens, BearerTokenHandlerOptions? options = null) => _tokens = tokens;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        AccessToken token = await _tokens.GetAccessTokenAsync(cancellationToken).ConfigureAwait(false);
        request.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }
}
