using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Http;

namespace TokenRefresh;

/// <summary>Attaches the access token to each request, and sends a rejected request once more with another token.</summary>
/// <remarks>
/// <para>
/// The token is asked of the provider for each request. A request that already has the token's header keeps it,
/// <c>HttpClient.DefaultRequestHeaders.Authorization</c> included, and is not sent again; only <c>Authorization: Bearer</c> without a token
/// counts as none. The header is taken off the request when the answer is there: no secret stays behind, and a retry handler outside this
/// one sends the next attempt with the token of that moment. Place this handler outside of resilience handlers, and only once in a
/// pipeline.
/// </para>
/// <para>
/// After a rejection (<see cref="BearerTokenHandlerOptions.ShouldRefresh"/>) the provider is asked for a token other than the one this
/// request carried, and a clone of the request is sent, if its body can be: none, bytes in memory, <c>JsonContent</c> of anything but a
/// sequence that is no collection, multipart of these, a <see cref="StreamContent"/> over a seekable stream, anything else up to
/// <see cref="BearerTokenHandlerOptions.BufferLimit"/> or of which nothing was read. Otherwise the rejection is returned. It is returned,
/// too, if another token cannot be had right now (<see cref="TokenRefreshException.IsTransient"/>) or never could
/// (<see cref="NotRefreshableException"/>); the other errors of the provider are thrown, since they do not pass by themselves. Debug logs
/// say why a token was not attached and why a rejected request was not sent again.
/// </para>
/// <para>
/// <see cref="SocketsHttpHandler"/> drops <c>Authorization</c> when it follows a redirect, and a rejection of such a bare request refreshes
/// nothing. It does not drop headers of other names: for those, the handler switches <c>AllowAutoRedirect</c> off before the first request,
/// or refuses to send where it cannot.
/// </para>
/// <para>Safe for concurrent use. The synchronous <c>Send</c> blocks its own thread only, and not at all while a valid token is
/// cached.</para>
/// </remarks>
/// <example>
/// <code>
/// var options = new BearerTokenHandlerOptions();
/// options.AllowedOrigins.Add("https://api.example.com");
/// using var http = new HttpClient(new BearerTokenHandler(tokens, options) { InnerHandler = new SocketsHttpHandler() });
///
/// string answer = await http.GetStringAsync("https://api.example.com/v1/me");
/// </code>
/// </example>
public sealed partial class BearerTokenHandler : DelegatingHandler
{
    private readonly ITokenProvider _tokens;
    private readonly AllowedOrigins _origins;
    private readonly Func<HttpResponseMessage, bool>? _shouldRefresh;
    private readonly int _bufferLimit;
    private readonly bool _retryOnUnauthorized;
    private readonly NonThrowingLogger _logger;
    private volatile bool _isPipelineChecked;
    private volatile bool _areRedirectsOff;

    /// <summary>Creates a handler; set <see cref="DelegatingHandler.InnerHandler"/> where no factory does.</summary>
    /// <param name="tokens">Where tokens come from. Never disposed by the handler.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="loggerFactory">Where to log; <see langword="null"/> for nowhere.</param>
    /// <exception cref="TokenRefreshConfigurationException">
    /// An entry of <see cref="BearerTokenHandlerOptions.AllowedOrigins"/> is no origin or not safe, or
    /// <see cref="BearerTokenHandlerOptions.BufferLimit"/> is negative.
    /// </exception>
    public BearerTokenHandler(ITokenProvider tokens, BearerTokenHandlerOptions? options = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        options ??= new BearerTokenHandlerOptions();
        _tokens = tokens;
        _origins = Validate(options);
        _shouldRefresh = options.ShouldRefresh;
        _bufferLimit = options.BufferLimit;
        _retryOnUnauthorized = options.RetryOnUnauthorized;
        _logger = NonThrowingLogger.Of(loggerFactory);
    }

    /// <exception cref="TokenRefreshConfigurationException">A setting is wrong.</exception>
    internal static AllowedOrigins Validate(BearerTokenHandlerOptions options)
    {
        if (options.BufferLimit < 0)
        {
            throw new TokenRefreshConfigurationException(
                $"'{nameof(options.BufferLimit)}' is '{options.BufferLimit}'. Set it to 0 or more bytes.");
        }

        return new AllowedOrigins(options.AllowedOrigins);
    }

    /// <inheritdoc/>
    /// <exception cref="TokenRefreshException">
    /// No token can be had: nothing was sent, or the token was rejected and only the user or a corrected setting can help.
    /// </exception>
    /// <exception cref="InvalidOperationException">The pipeline holds two of these handlers.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!NeedsToken(request))
        {
            return base.SendAsync(request, cancellationToken);
        }

        if (_retryOnUnauthorized && request.Content is { } content && ResendableContent.IsToBeBuffered(content, _bufferLimit))
        {
            return SendLaterAsync(request, getting: null, cancellationToken);
        }

        ValueTask<AccessToken> getting;
        try
        {
            getting = _tokens.GetAccessTokenAsync(cancellationToken);
        }
        catch (Exception e)
        {
            getting = ValueTask.FromException<AccessToken>(e);
        }

        return getting.IsCompletedSuccessfully
            ? SendWithTokenAsync(request, getting.Result, isBuffered: false, isSynchronous: false, cancellationToken)
            : SendLaterAsync(request, getting.AsTask(), cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="TokenRefreshException">
    /// No token can be had: nothing was sent, or the token was rejected and only the user or a corrected setting can help.
    /// </exception>
    /// <exception cref="InvalidOperationException">The pipeline holds two of these handlers.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!NeedsToken(request))
        {
            return base.Send(request, cancellationToken);
        }

        // Nothing is buffered first: that may need another thread, and the content itself may be waiting for this one.
        AccessToken token = Wait(_tokens.GetAccessTokenAsync(cancellationToken));
        return SendWithTokenAsync(request, token, isBuffered: false, isSynchronous: true, cancellationToken).GetAwaiter().GetResult();
    }

    // Either buffers the body and then asks for the token, or waits for the token that was asked for.
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<HttpResponseMessage> SendLaterAsync(
        HttpRequestMessage request, Task<AccessToken>? getting, CancellationToken cancellationToken)
    {
        bool isBuffered = getting is null;
        if (isBuffered)
        {
            await ResendableContent.BufferAsync(request.Content!, _bufferLimit, cancellationToken).ConfigureAwait(false);
            getting = _tokens.GetAccessTokenAsync(cancellationToken).AsTask();
        }

        AccessToken token = await getting!.ConfigureAwait(false);
        return await SendWithTokenAsync(request, token, isBuffered, isSynchronous: false, cancellationToken).ConfigureAwait(false);
    }

    // Its state machine is what a request with a valid token costs, so what only some requests need lives elsewhere. If synchronous, it
    // has ended when it returns.
    private async Task<HttpResponseMessage> SendWithTokenAsync(
        HttpRequestMessage request, AccessToken token, bool isBuffered, bool isSynchronous, CancellationToken cancellationToken)
    {
        if (!MayCarry(request, token))
        {
            return isSynchronous
                ? base.Send(request, cancellationToken)
                : await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        // As the caller gave it: a redirect changes the request.
        HttpMethod method = request.Method;
        Uri? address = request.RequestUri;
        HttpContent? content = request.Content;
        HttpContent? sent = Keep(content, isBuffered);
        string? bare = AuthorizedRequest.PutToken(request, token, sent);
        try
        {
            HttpResponseMessage response = isSynchronous
                ? base.Send(request, cancellationToken)
                : await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return IsRejected(request, token, response)
                ? await AnswerRejectionAsync(
                    new AuthorizedRequest(request, method, address, content, sent, isBuffered, token),
                    response,
                    isSynchronous,
                    cancellationToken).ConfigureAwait(false)
                : response;
        }
        finally
        {
            AuthorizedRequest.TakeToken(request, token, content, sent, bare);
        }
    }

    private static T Wait<T>(ValueTask<T> task) =>
        task.IsCompleted ? task.GetAwaiter().GetResult() : task.AsTask().GetAwaiter().GetResult();

    private static string OriginOf(HttpRequestMessage request) =>
        request.RequestUri is { } address ? UriRedaction.Origin(address) : "no address";

    private bool NeedsToken(HttpRequestMessage request)
    {
        if (!_isPipelineChecked)
        {
            ThrowIfDuplicate();
        }

        if (!_origins.Allows(request.RequestUri))
        {
            LogNotAttached(request, "its origin is not allowed");
            return false;
        }

        if (AuthorizedRequest.HasOwnHeader(request, _tokens.HeaderName))
        {
            LogNotAttached(request, "it has a header of its own");
            return false;
        }

        // Not by HttpRequestOptionsKey<bool>, whose generic methods a fresh process would have to compile.
        IDictionary<string, object?> options = request.Options;
        if (options.TryGetValue(BearerTokenHandlerOptions.SkipKey, out object? skip) && skip is true)
        {
            LogNotAttached(request, "its options say so");
            return false;
        }

        if (options.ContainsKey(TokenRequestWriter.Mark))
        {
            throw new TokenRefreshConfigurationException(
                $"A '{nameof(BearerTokenHandler)}' is in the pipeline of the token endpoint's own client, " +
                "where a refresh would wait for itself. " +
                $"Remove it from that client, or name the resources in '{nameof(BearerTokenHandlerOptions.AllowedOrigins)}'.");
        }

        return true;
    }

    // Two of them would answer one rejection twice. The pipeline is fixed with the first request, so it is looked at once.
    private void ThrowIfDuplicate()
    {
        for (HttpMessageHandler? next = InnerHandler; next is DelegatingHandler handler; next = handler.InnerHandler)
        {
            if (handler is BearerTokenHandler)
            {
                throw new InvalidOperationException(
                    $"The pipeline holds two '{nameof(BearerTokenHandler)}'s. Add it once, outside of resilience handlers.");
            }
        }

        _isPipelineChecked = true;
    }

    /// <summary>Looks at what only the token tells: a provider that wraps another may not say which header its tokens need.</summary>
    private bool MayCarry(HttpRequestMessage request, AccessToken token)
    {
        if (ReferenceEquals(token.HeaderName, AccessToken.DefaultHeaderName))
        {
            return true;
        }

        if (AuthorizedRequest.HasOwnHeader(request, token.HeaderName))
        {
            LogNotAttached(request, "it has a header of its own");
            return false;
        }

        if (!_areRedirectsOff && !string.Equals(token.HeaderName, AccessToken.DefaultHeaderName, StringComparison.OrdinalIgnoreCase))
        {
            Redirects.SwitchOff(InnerHandler, token.HeaderName);
            _areRedirectsOff = true;
        }

        return true;
    }

    /// <summary>Gets what to send for a content, so that it can be sent again.</summary>
    private HttpContent? Keep(HttpContent? content, bool isBuffered) =>
        content is null || isBuffered || !_retryOnUnauthorized ? content : ResendableContent.Keep(content, _bufferLimit);

    private void LogNotAttached(HttpRequestMessage request, string reason)
    {
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            Log.TokenNotAttached(_logger, OriginOf(request), reason);
        }
    }
}
