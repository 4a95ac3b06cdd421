using System.Security.Authentication;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <summary>Exchanges refresh tokens over HTTP (RFC 6749 section 6).</summary>
/// <remarks>
/// Safe for concurrent use. A request is tried again only if nothing of its body was sent. After the first byte of the body there is either
/// an answer, or the outcome is unknown.
/// </remarks>
internal sealed class HttpTokenEndpointClient : ITokenEndpointClient
{
    private static readonly SecretRedactor Printable = new([]);

    private readonly TokenEndpointSettings _settings;
    private readonly Func<HttpMessageInvoker> _invoker;
    private readonly ITokenErrorClassifier? _classifier;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="settings">Where and how to ask.</param>
    /// <param name="invoker">What sends; asked anew for each exchange, since a factory's handlers age. Never disposed here.</param>
    /// <param name="classifier">Asked before the built-in classification.</param>
    /// <param name="time">Drives time-outs, back-off and dates.</param>
    /// <param name="logger">Where retries and odd answers are noted.</param>
    internal HttpTokenEndpointClient(
        TokenEndpointSettings settings,
        Func<HttpMessageInvoker> invoker,
        ITokenErrorClassifier? classifier,
        TimeProvider time,
        ILogger? logger)
    {
        _settings = settings;
        _invoker = invoker;
        _classifier = classifier;
        _time = time;
        _logger = logger ?? NullLogger.Instance;
    }

    internal TimeProvider TimeProvider => _time;

    internal ILogger Logger => _logger;

    internal string ShownEndpoint => UriRedaction.Show(_settings.TokenEndpoint);

    /// <inheritdoc/>
    public ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();

        // On a thread of its own. The built-in transport sends there without the pool, which may be starved, and what follows its answer
        // needs no pool either: the save, and the release of the lock. Nor can a handler that blocks its thread keep the lock.
        return new(Task.Factory.StartNew(
            () => TryAsync(request, _invoker(), isRetry: false, cancellationToken).AsTask(),
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default).Unwrap());
    }

    // One method, since each async method costs a fresh process several compiled ones.
    internal async ValueTask<TokenEndpointResult> TryAsync(
        TokenRequest request, HttpMessageInvoker invoker, bool isRetry, CancellationToken deadline)
    {
        TokenEndpointResult result;
        using (var timeout = new FairTimeout(_settings.AttemptTimeout, _time, deadline))
        {
            string? assertion = null;
            if (_settings.ClientAssertion is { } source)
            {
                assertion = await source.AskAsync(() => RedactorFor(request, null, null), timeout.Token).ConfigureAwait(false);
            }

            byte[] body = TokenRequestBody.WriteTokenRequest(_settings, request.RefreshToken, assertion);
            using var content = new TokenRequestContent(body, TokenRequestBody.ContentType(_settings.RequestFormat), request, deadline);
            using HttpRequestMessage message = CreateMessage(content);

            // A retry comes on a thread of the pool, as may an assertion, and those must not block.
            bool isSynchronous = invoker is TokenEndpointTransport && !Thread.CurrentThread.IsThreadPoolThread;
            HttpResponseMessage? response = null;
            Exception? failure = null;
            try
            {
                response = isSynchronous
                    ? invoker.Send(message, timeout.Token)
                    : await SendAsync(invoker, message, timeout.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // A handler of the program's that was still sending again when time was up.
                failure = e;
                response = content.Answer?.CreateResponse(message);
            }

            using (response)
            {
                // Before anything is concluded: a hedge that is still on its way must not send after this said "not sent".
                if (!request.TryTake(content))
                {
                    await request.CloseAsync().ConfigureAwait(false);
                }

                content.ThrowIfAnnouncementFailed();
                if (response is null)
                {
                    result = Conclude(request, content, failure!, timeout, deadline);
                }
                else if (IsRedirected(message, response))
                {
                    result = Redirected(request, response);
                }
                else
                {
                    // An answer that was kept is whole already, though time is up.
                    CancellationToken limit = failure is null ? timeout.Token : CancellationToken.None;
                    LimitedBody answer = await LimitedBody.ReadAsync(response.Content, isSynchronous, limit).ConfigureAwait(false);
                    result = Interpret(request, response, answer, timeout, deadline);
                }
            }
        }

        if (!result.IsConnectFailure || isRetry)
        {
            return result;
        }

        return await ConnectRetry.RunAsync(this, request, invoker, result, deadline).ConfigureAwait(false);
    }

    private HttpRequestMessage CreateMessage(HttpContent content)
    {
        // Version 1.1, the default: when a server refuses a stream of HTTP/2 (GOAWAY, RFC 9113 section 6.8), the handler sends the body
        // again, which is refused here.
        var message = new HttpRequestMessage(HttpMethod.Post, _settings.TokenEndpoint) { Content = content };
        TokenRequestBody.AddHeaders(_settings, message);
        message.Options.Set(TokenRequestMark.Key, value: true);
        return message;
    }

    // An HttpClient would buffer the whole answer, up to 2 GB of it, before its length could be looked at.
    private static Task<HttpResponseMessage> SendAsync(
        HttpMessageInvoker invoker, HttpRequestMessage message, CancellationToken cancellationToken) =>
        invoker is HttpClient client
            ? client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : invoker.SendAsync(message, cancellationToken);

    // A handler that follows redirects makes a GET of the POST (RFC 9110 section 15.4): its answer is another server's page.
    private static bool IsRedirected(HttpRequestMessage message, HttpResponseMessage response) =>
        (int)response.StatusCode is >= 300 and < 400 || message.Method != HttpMethod.Post;

    private static bool IsConnectFailure(Exception exception)
    {
        if (exception is not HttpRequestException
            {
                HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                    or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError
            })
        {
            return false;
        }

        // Certificate errors are not transient.
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException)
            {
                return false;
            }
        }

        return true;
    }

    private TokenEndpointResult Conclude(
        TokenRequest request, TokenRequestContent content, Exception failure, FairTimeout timeout, CancellationToken deadline)
    {
        if (request.IsSent)
        {
            return TokenEndpointResult.Failure(
                TokenEndpointOutcome.Unknown, statusCode: null, exception: content.Refusal ?? Explain(request, failure, timeout, deadline));
        }

        if (content.Refusal is { } refusal)
        {
            failure = new TokenRefreshConfigurationException(refusal.Message, refusal);
        }

        if (failure is TokenRefreshConfigurationException)
        {
            return TokenEndpointResult.Failure(TokenEndpointOutcome.Misconfigured, statusCode: null, exception: failure);
        }

        if (failure is OperationCanceledException && deadline.IsCancellationRequested)
        {
            throw new OperationCanceledException("The token request was cancelled before anything was sent.", failure, deadline);
        }

        return TokenEndpointResult.NotSent(Explain(request, failure, timeout, deadline), IsConnectFailure(failure));
    }

    private TokenEndpointResult Interpret(
        TokenRequest request, HttpResponseMessage response, LimitedBody body, FairTimeout timeout, CancellationToken deadline)
    {
        var answer = new TokenResponseParser(body, response, request, _time);
        bool isSuccess = response.IsSuccessStatusCode;
        if (isSuccess && answer.TryCreateResponse() is { } tokens)
        {
            if (answer.HasNegativeLifetime)
            {
                Log.LifetimeMalformed(_logger, ShownEndpoint);
            }

            return TokenEndpointResult.Success(tokens);
        }

        answer.ReadError(out string? code, out string? description);
        description ??= code is null && !isSuccess ? PlainText(body) : null;
        description = IsPage(description) ? null : description;
        SecretRedactor redactor = RedactorFor(request, answer.AccessToken, answer.RefreshToken);
        var error = new TokenErrorResponse((int)response.StatusCode)
        {
            Error = redactor.Clean(code, SecretRedactor.ErrorLength),
            ErrorDescription = redactor.Clean(description, SecretRedactor.DescriptionLength),
            Body = redactor.Clean(Text(body, SecretRedactor.BodyLength), SecretRedactor.BodyLength),
            IsJson = answer.IsJson,
        };

        // A new refresh token beside an error, or without an access token, was issued all the same; a server that repeats the one it was
        // sent has issued none.
        string? recovered = isSuccess && answer.RefreshToken != request.RefreshToken ? answer.RefreshToken : null;
        TokenEndpointOutcome outcome = recovered is null ? Classify(error, code, description) : TokenEndpointOutcome.Unknown;
        bool isWithoutTokens = isSuccess && outcome == TokenEndpointOutcome.Unknown && body.Exception is null;
        // What a success says without a code is no error, and may be a token under another name: it is not repeated.
        string? words = isSuccess && error.Error is null ? null : error.ErrorDescription;
        Exception? exception = isWithoutTokens ? Lacking(redactor, response, body, error.Error, words) : null;
        if (body.Exception is { } broken)
        {
            exception = redactor.Clean(Explain(request, broken, timeout, deadline));
        }

        return TokenEndpointResult.Answered(
            outcome,
            error.StatusCode,
            error.Error,
            words,
            RetryAfterReader.Read(response, _time),
            exception,
            recovered,
            isWithoutTokens && (recovered is null || answer.IsComplete));
    }

    private TokenEndpointOutcome Classify(TokenErrorResponse error, string? code, string? description)
    {
        if (_classifier?.Classify(error) is { } own and not TokenEndpointOutcome.Succeeded)
        {
            return own;
        }

        // By the words as they came: of a secret as short as a letter, 'invalid_grant' is full.
        var whole = new TokenErrorResponse(error.StatusCode)
        {
            Error = Printable.Clean(code, SecretRedactor.ErrorLength),
            ErrorDescription = Printable.Clean(description, SecretRedactor.DescriptionLength),
        };
        return DefaultTokenErrorClassifier.Instance.Classify(whole)!.Value;
    }

    private TokenEndpointResult Redirected(TokenRequest request, HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        Uri? location = response.Headers.Location ?? response.RequestMessage?.RequestUri;
        string target = "an unnamed address";
        if (location is not null)
        {
            string origin = UriRedaction.ShowOrigin(location.IsAbsoluteUri ? location : new Uri(_settings.TokenEndpoint, location));
            target = $"'{RedactorFor(request, null, null).Clean(origin, SecretRedactor.DescriptionLength)}'";
        }

        return TokenEndpointResult.Failure(TokenEndpointOutcome.Misconfigured, status, exception: new TokenRefreshConfigurationException(
            $"'TokenEndpoint' is '{ShownEndpoint}', which redirects to {target} (HTTP {status}). " +
            "A refresh token is not sent after a redirect; set 'TokenEndpoint' to the final address."));
    }

    private InvalidDataException Lacking(
        SecretRedactor redactor, HttpResponseMessage response, LimitedBody body, string? code, string? words) => new(
        $"The token endpoint '{ShownEndpoint}' answered with " +
        $"{TokenEndpointResult.Describe((int)response.StatusCode, code, words)}, but its {body.Bytes.Length} bytes of '" +
        $"{redactor.Clean(response.Content.Headers.ContentType?.MediaType, SecretRedactor.ErrorLength) ?? "unknown type"}' hold no " +
        "'access_token'. " +
        "Check 'TokenEndpoint' and what answers there.");

    private Exception Explain(TokenRequest request, Exception failure, FairTimeout timeout, CancellationToken deadline)
    {
        if (failure is OperationCanceledException && deadline.IsCancellationRequested)
        {
            return new TimeoutException(
                $"The token endpoint '{ShownEndpoint}' did not answer before the deadline of the refresh ('RefreshTimeout').", failure);
        }

        if (failure is OperationCanceledException && timeout.IsExpired)
        {
            return new TimeoutException(
                $"The token endpoint '{ShownEndpoint}' did not answer within '{_settings.AttemptTimeout}'. " +
                "Raise 'AttemptTimeout' if it is that slow.",
                failure);
        }

        return RedactorFor(request, null, null).Clean(failure);
    }

    private SecretRedactor RedactorFor(TokenRequest request, string? accessToken, string? refreshToken) =>
        new(_settings.Secrets, request.RefreshToken, request.StoredAccessToken, accessToken, refreshToken, _settings.ClientAssertion?.Last);

    // Words, under whatever media type; a page, a document or what is no text says nothing.
    private static string? PlainText(LimitedBody body)
    {
        string text = Text(body, SecretRedactor.DescriptionLength).TrimStart('\uFEFF').TrimStart();
        return text.Length == 0 || text[0] is '{' or '[' || text.AsSpan().ContainsAny('\0', '\uFFFD') ? null : text;
    }

    // Also as a text in JSON, and behind other words: it quotes anything.
    private static bool IsPage(string? text) => text is not null
        && (text.AsSpan().TrimStart().StartsWith("<")
            || Array.Exists(["<html", "<!doctype", "<head", "<body"], tag => text.Contains(tag, StringComparison.OrdinalIgnoreCase)));

    // Four times as much as is kept, since what is not printable goes and secrets shrink.
    private static string Text(LimitedBody body, int length) =>
        Encoding.UTF8.GetString(body.Bytes.Span[..Math.Min(body.Bytes.Length, length * 4)]);
}
