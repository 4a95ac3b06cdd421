using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;
using Polly.Retry;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <summary>Exchanges refresh tokens over HTTP (RFC 6749 section 6).</summary>
/// <remarks>Safe for concurrent use. Only what was provably never sent is tried again; everything after the first byte of the body is told as it is: answered, or unknown.</remarks>
internal sealed class HttpTokenEndpointClient : ITokenEndpointClient
{
    private const int ConnectRetries = 2;
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly TokenEndpointSettings _settings;
    private readonly Func<HttpMessageInvoker> _invoker;
    private readonly TokenAnswerInterpreter _interpreter;
    private readonly TimeProvider _time;

    // Not before the first exchange: most processes find a token that another one saved, and a command line tool that starts shall not wait for this.
    private readonly Lazy<ResiliencePipeline<Attempt>> _retries;
    private readonly string _shownEndpoint;

    /// <param name="settings">Where and how to ask.</param>
    /// <param name="invoker">What sends; asked anew for each exchange, since a factory's handlers age. Never disposed here.</param>
    /// <param name="classifier">Asked before the built-in classification.</param>
    /// <param name="time">Drives time-outs, back-off and dates.</param>
    /// <param name="logger">Where retries and odd answers are noted.</param>
    internal HttpTokenEndpointClient(TokenEndpointSettings settings, Func<HttpMessageInvoker> invoker, ITokenErrorClassifier? classifier, TimeProvider time, ILogger? logger)
    {
        logger ??= NullLogger.Instance;
        _settings = settings;
        _invoker = invoker;
        _time = time;
        _shownEndpoint = UriRedaction.Show(settings.TokenEndpoint);
        _interpreter = new TokenAnswerInterpreter(settings, classifier, time, logger);
        _retries = new(() => CreateRetries(time, logger));
    }

    /// <inheritdoc/>
    public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var exchange = new Exchange(this, request, _invoker());
        try
        {
            Attempt last = await _retries.Value.ExecuteAsync(static (e, ct) => e.TryAsync(ct), exchange, cancellationToken).ConfigureAwait(false);
            return last.Result;
        }
        catch (OperationCanceledException) when (exchange.LastFailure is not null && cancellationToken.IsCancellationRequested)
        {
            // The deadline came between two tries. Why the first one failed tells more than that time is up.
            return exchange.LastFailure;
        }
    }

    private ResiliencePipeline<Attempt> CreateRetries(TimeProvider time, ILogger logger) => new ResiliencePipelineBuilder<Attempt> { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions<Attempt>
        {
            ShouldHandle = static outcome => ValueTask.FromResult(outcome.Outcome.Result.MayRetry),
            MaxRetryAttempts = ConnectRetries,
            Delay = FirstRetryDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            OnRetry = retry =>
            {
                Log.ConnectRetrying(logger, _shownEndpoint, retry.RetryDelay, retry.Outcome.Result.Result?.Exception?.Message);
                return default;
            },
        })
        .Build();

    private HttpRequestMessage CreateMessage(HttpContent content)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, _settings.TokenEndpoint)
        {
            Content = content,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
        };
        TokenRequestBody.AddHeaders(_settings, message);
        message.Options.Set(TokenRequestMark.Key, value: true);
        return message;
    }

    // An HttpClient would buffer the whole answer, up to 2 GB of it, before anybody could look at its length.
    private static Task<HttpResponseMessage> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage message, CancellationToken cancellationToken) =>
        invoker is HttpClient client ? client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken) : invoker.SendAsync(message, cancellationToken);

    private static bool IsConnectFailure(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError }
        && !IsRefusedByTls(exception);

    // A certificate does not get better within a second.
    private static bool IsRefusedByTls(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is AuthenticationException)
            {
                return true;
            }
        }

        return false;
    }

    private readonly record struct Attempt(TokenEndpointResult Result, bool MayRetry);

    private sealed class Exchange(HttpTokenEndpointClient client, TokenRequest request, HttpMessageInvoker invoker)
    {
        private readonly SecretRedactor _redactor = client._interpreter.RedactorFor(request);

        internal TokenEndpointResult? LastFailure { get; private set; }

        internal async ValueTask<Attempt> TryAsync(CancellationToken deadline)
        {
            TokenEndpointSettings settings = client._settings;
            using var content = new TokenRequestContent(
                TokenRequestBody.WriteRefresh(settings, request.RefreshToken), TokenRequestBody.ContentType(settings.RequestFormat), request, deadline);
            using HttpRequestMessage message = client.CreateMessage(content);
            using var timeout = new CancellationTokenSource(settings.AttemptTimeout, client._time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline, timeout.Token);

            HttpResponseMessage? response = null;
            Exception? failure = null;
            try
            {
                response = await SendAsync(invoker, message, either.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                failure = e;
            }

            using (response)
            {
                // Closed before anything is concluded: a hedge that is still on its way must not send after this said "not sent".
                bool wasSent = await content.CloseAsync().ConfigureAwait(false);
                content.ThrowIfAnnouncementFailed();
                if (response is not null)
                {
                    return new(
                        await client._interpreter.InterpretAsync(message, response, request, e => Explain(e, timeout, deadline), either.Token).ConfigureAwait(false),
                        MayRetry: false);
                }

                return wasSent ? new(Unknown(content, failure!, timeout, deadline), MayRetry: false) : NotSent(content, failure!, timeout, deadline);
            }
        }

        private TokenEndpointResult Unknown(TokenRequestContent content, Exception failure, CancellationTokenSource timeout, CancellationToken deadline) =>
            TokenEndpointResult.Failure(TokenEndpointOutcome.Unknown, statusCode: null, exception: content.Refusal ?? Explain(failure, timeout, deadline));

        private Attempt NotSent(TokenRequestContent content, Exception failure, CancellationTokenSource timeout, CancellationToken deadline)
        {
            if (content.Refusal is { } refusal)
            {
                return new(TokenEndpointResult.Failure(TokenEndpointOutcome.Misconfigured, statusCode: null, exception: new TokenRefreshConfigurationException(refusal.Message, refusal)), MayRetry: false);
            }

            if (failure is TokenRefreshConfigurationException)
            {
                return new(TokenEndpointResult.Failure(TokenEndpointOutcome.Misconfigured, statusCode: null, exception: failure), MayRetry: false);
            }

            if (failure is OperationCanceledException && deadline.IsCancellationRequested)
            {
                throw new OperationCanceledException("The token request was cancelled before anything was sent.", failure, deadline);
            }

            LastFailure = TokenEndpointResult.Failure(TokenEndpointOutcome.NotSent, statusCode: null, exception: Explain(failure, timeout, deadline));
            return new(LastFailure, IsConnectFailure(failure));
        }

        private Exception Explain(Exception failure, CancellationTokenSource timeout, CancellationToken deadline) => failure switch
        {
            OperationCanceledException when deadline.IsCancellationRequested =>
                new TimeoutException($"The token endpoint '{client._shownEndpoint}' did not answer before the deadline of the refresh ('RefreshTimeout').", failure),
            OperationCanceledException when timeout.IsCancellationRequested =>
                new TimeoutException($"The token endpoint '{client._shownEndpoint}' did not answer within '{client._settings.AttemptTimeout}'. Raise 'AttemptTimeout' if it is that slow.", failure),
            _ => _redactor.Clean(failure),
        };
    }
}
