using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Http;

namespace TokenRefresh;

/// <summary>Attaches the access token to each request, and sends a rejected request once more with another token.</summary>
/// <remarks>
/// <para>
/// The token is asked of the provider for each request. A request that already has a header of that name keeps it, <c>HttpClient.DefaultRequestHeaders.Authorization</c> included, and is not sent again. The header is taken off the request
/// when the answer is there: no secret stays behind, and a retry handler outside this one sends the next attempt with the token of that moment. Place this handler outside of resilience handlers, and only once in a pipeline.
/// </para>
/// <para>
/// After a rejection (<see cref="BearerTokenHandlerOptions.ShouldRefresh"/>) the provider is asked for a token other than the one this request carried, and the same request message is sent once more, if its body can be: none, bytes in memory,
/// <c>JsonContent</c>, multipart of these, whatever is buffered, a <see cref="StreamContent"/> over a seekable stream, anything else up to <see cref="BearerTokenHandlerOptions.BufferLimit"/>. Otherwise the rejection is returned.
/// It is returned, too, if another token cannot be had right now (<see cref="TokenRefreshException.IsTransient"/>) or never could (<see cref="NotRefreshableException"/>); the other errors of the provider are thrown, since only an act helps.
/// </para>
/// <para>
/// <see cref="SocketsHttpHandler"/> drops <c>Authorization</c> when it follows a redirect, and a rejection of such a bare request refreshes nothing. It does not drop headers of other names: with one of those, switch <c>AllowAutoRedirect</c> off.
/// </para>
/// <para>Safe for concurrent use. The synchronous <c>Send</c> blocks its own thread only, and not at all while a valid token is cached.</para>
/// </remarks>
public sealed class BearerTokenHandler : DelegatingHandler
{
    private readonly ITokenProvider _tokens;
    private readonly AllowedOrigins _origins;
    private readonly Func<HttpResponseMessage, bool> _shouldRefresh;
    private readonly int _bufferLimit;
    private readonly bool _retryOnUnauthorized;
    private volatile bool _isPipelineChecked;

    /// <summary>Creates a handler; set <see cref="DelegatingHandler.InnerHandler"/> where no factory does.</summary>
    /// <param name="tokens">Where tokens come from. Never disposed by the handler.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="TokenRefreshConfigurationException">An entry of <see cref="BearerTokenHandlerOptions.AllowedOrigins"/> is no origin or not safe, or <see cref="BearerTokenHandlerOptions.BufferLimit"/> is negative.</exception>
    public BearerTokenHandler(ITokenProvider tokens, BearerTokenHandlerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        options ??= new BearerTokenHandlerOptions();
        if (options.BufferLimit < 0)
        {
            throw new TokenRefreshConfigurationException($"'{nameof(options.BufferLimit)}' is '{options.BufferLimit}'. Set it to 0 or more bytes.");
        }

        _tokens = tokens;
        _origins = new AllowedOrigins(options.AllowedOrigins);
        _shouldRefresh = options.ShouldRefresh ?? BearerChallenge.RejectsToken;
        _bufferLimit = options.RetryOnUnauthorized ? options.BufferLimit : 0;
        _retryOnUnauthorized = options.RetryOnUnauthorized;
    }

    /// <inheritdoc/>
    /// <exception cref="TokenRefreshException">No token can be had: nothing was sent, or the token was rejected and only an act helps.</exception>
    /// <exception cref="InvalidOperationException">The pipeline holds two of these handlers.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!NeedsToken(request))
        {
            return base.SendAsync(request, cancellationToken);
        }

        ValueTask<AccessToken> token = _tokens.GetAccessTokenAsync(cancellationToken);
        return token.IsCompletedSuccessfully ? SendAsync(request, token.Result, cancellationToken) : SendWhenTokenComesAsync(request, token, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="TokenRefreshException">No token can be had: nothing was sent, or the token was rejected and only an act helps.</exception>
    /// <exception cref="InvalidOperationException">The pipeline holds two of these handlers.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!NeedsToken(request))
        {
            return base.Send(request, cancellationToken);
        }

        AccessToken token = Wait(_tokens.GetAccessTokenAsync(cancellationToken));
        if (request.Headers.Contains(token.HeaderName))
        {
            return base.Send(request, cancellationToken);
        }

        var attached = AuthorizedRequest.Attach(request, token, _bufferLimit);
        try
        {
            HttpResponseMessage response = base.Send(request, cancellationToken);
            if (IsRejected(attached, response) && Wait(ReplaceAsync(attached, response, cancellationToken)) is { } next)
            {
                attached.AttachAgain(next);
                TokenRefreshMetrics.RequestResent();
                response = base.Send(request, cancellationToken);
                IsRejected(attached, response);
            }

            return response;
        }
        finally
        {
            attached.Detach();
        }
    }

    private async Task<HttpResponseMessage> SendWhenTokenComesAsync(HttpRequestMessage request, ValueTask<AccessToken> token, CancellationToken cancellationToken) =>
        await SendAsync(request, await token.ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    // Its state machine is what a request with a valid token costs, so what only a rejection needs lives elsewhere.
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, AccessToken token, CancellationToken cancellationToken)
    {
        if (request.Headers.Contains(token.HeaderName))
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var attached = AuthorizedRequest.Attach(request, token, _bufferLimit);
        try
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return IsRejected(attached, response) ? await AnswerRejectionAsync(attached, response, cancellationToken).ConfigureAwait(false) : response;
        }
        finally
        {
            attached.Detach();
        }
    }

    private async Task<HttpResponseMessage> AnswerRejectionAsync(AuthorizedRequest attached, HttpResponseMessage rejection, CancellationToken cancellationToken)
    {
        AccessToken? next = await ReplaceAsync(attached, rejection, cancellationToken).ConfigureAwait(false);
        if (next is null)
        {
            return rejection;
        }

        attached.AttachAgain(next);
        TokenRefreshMetrics.RequestResent();
        try
        {
            HttpResponseMessage response = await base.SendAsync(attached.Request, cancellationToken).ConfigureAwait(false);
            IsRejected(attached, response);
            return response;
        }
        finally
        {
            attached.Detach();
        }
    }

    private bool NeedsToken(HttpRequestMessage request)
    {
        ThrowIfTwice();
        if (RequestOption.IsSet(request, BearerTokenHandlerOptions.Skip) || !_origins.Allows(request.RequestUri))
        {
            return false;
        }

        return RequestOption.IsSet(request, TokenRequestMark.Key)
            ? throw new TokenRefreshConfigurationException($"A '{nameof(BearerTokenHandler)}' is in the pipeline of the token endpoint's own client, where a refresh would wait for itself. Remove it from that client, or name the resources in '{nameof(BearerTokenHandlerOptions.AllowedOrigins)}'.")
            : true;
    }

    // Two of them would answer one rejection twice. The pipeline is fixed with the first request, so it is looked at once.
    private void ThrowIfTwice()
    {
        if (_isPipelineChecked)
        {
            return;
        }

        for (HttpMessageHandler? next = InnerHandler; next is DelegatingHandler handler; next = handler.InnerHandler)
        {
            if (handler is BearerTokenHandler)
            {
                throw new InvalidOperationException($"The pipeline holds two '{nameof(BearerTokenHandler)}'s. Add it once, outside of resilience handlers.");
            }
        }

        _isPipelineChecked = true;
    }

    /// <summary>Tells whether the answer rejects the token, and notes on the token if it is a good one: what is rejected later was revoked, and is not a token that no resource takes.</summary>
    private bool IsRejected(in AuthorizedRequest attached, HttpResponseMessage response)
    {
        try
        {
            if (_shouldRefresh(response))
            {
                return attached.StillCarriesToken && _origins.Allows(attached.Request.RequestUri);
            }

            if (!attached.Token.WasAccepted && response.IsSuccessStatusCode && attached.StillCarriesToken)
            {
                attached.Token.MarkAccepted();
            }

            return false;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Has the rejected token replaced, and disposes the rejection if the request is to be sent again.</summary>
    /// <returns>The token to send it with, or <see langword="null"/> if the rejection is the answer.</returns>
    private async ValueTask<AccessToken?> ReplaceAsync(AuthorizedRequest attached, HttpResponseMessage rejection, CancellationToken cancellationToken)
    {
        bool mayRetry = _retryOnUnauthorized && attached.IsRepeatable;
        AccessToken next;
        try
        {
            next = await _tokens.RefreshAccessTokenAsync(attached.Token, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRefreshException e) when (!mayRetry || e.IsTransient || e is NotRefreshableException)
        {
            return null;
        }
        catch
        {
            rejection.Dispose();
            throw;
        }

        if (!mayRetry || string.Equals(next.Value, attached.Token.Value, StringComparison.Ordinal))
        {
            return null;
        }

        // Before the second sending: its connection may be the only one allowed.
        rejection.Dispose();
        return next;
    }

    private static T Wait<T>(ValueTask<T> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : task.AsTask().GetAwaiter().GetResult();
}
