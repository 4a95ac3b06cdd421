using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <summary>Exchanges refresh tokens over HTTP (RFC 6749 section 6), and revokes them (RFC 7009).</summary>
/// <remarks>
/// Safe for concurrent use. A request is tried again only if nothing of its body was sent. After the first byte of the body there is either
/// an answer, or the outcome is unknown. What sends is asked for anew for each exchange, since a factory's handlers age, and never disposed
/// here.
/// </remarks>
internal sealed partial class HttpTokenEndpointClient(
    TokenRequestWriter requests, Func<HttpMessageInvoker> invoker, ITokenErrorClassifier? classifier, TimeProvider time, ILogger logger)
    : ITokenEndpointClient
{
    private const int Retries = 2;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);

    private string ShownEndpoint => UriRedaction.Redact(requests.Options.TokenEndpoint!);

    public ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();

        // On a thread of its own. The built-in transport sends there without the pool, which may be starved, and what follows its answer
        // needs no pool either: the save, and the release of the lock. Nor can a handler that blocks its thread keep the lock.
        return new(Task.Factory.StartNew(
            () => TryAsync(request, invoker(), isRetry: false, cancellationToken),
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default).Unwrap());
    }

    /// <summary>Asks the server to revoke the token, after a sign-out. A failure is logged; only the caller's cancellation is thrown.
    /// </summary>
    /// <returns>Whether the server says that the token is no longer valid.</returns>
    internal async ValueTask<bool> TryRevokeAsync(string refreshToken, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(requests.Options.AttemptTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            string? assertion = requests.Options.ClientAssertion is null
                ? null
                : await requests.AskAssertionAsync(either.Token, refreshToken).ConfigureAwait(false);
            using HttpRequestMessage message = requests.WriteRevocation(refreshToken, assertion);
            using HttpResponseMessage response =
                await TokenEndpointTransport.SendAsync(invoker(), message, either.Token).ConfigureAwait(false);

            // A followed redirect is a GET by now, and its 200 revokes nothing.
            if (response.IsSuccessStatusCode && message.Method == HttpMethod.Post)
            {
                return true;
            }

            Log.RevocationFailed(logger, $"HTTP {(int)response.StatusCode}", exception: null);
            return false;
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.RevocationFailed(logger, "no answer", requests.CreateRedactor(refreshToken).Clean(e));
            return false;
        }
    }

    // One method, since each async method costs a fresh process several compiled ones.
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<TokenEndpointResult> TryAsync(
        TokenRequest request, HttpMessageInvoker sender, bool isRetry, CancellationToken deadline)
    {
        TokenEndpointResult result;
        var lacksNonce = false;
        using (var timeout = new FairTimeout(requests.Options.AttemptTimeout, time, deadline))
        {
            string? assertion = null;
            if (requests.Options.ClientAssertion is not null)
            {
                assertion = await requests.AskAssertionAsync(timeout.Token, request.RefreshToken, request.StoredAccessToken)
                    .ConfigureAwait(false);
            }

            byte[] body = requests.WriteTokenRequest(request.RefreshToken, assertion);
            using var content = new TokenRequestContent(body, requests.ContentType, request, deadline);
            using HttpRequestMessage message = requests.CreateMessage(requests.Options.TokenEndpoint!, content);
            if (request.Key is { } key)
            {
                AddProof(message, key);
            }

            // A retry comes on a thread of the pool, as may an assertion, and those must not block.
            bool isSynchronous = sender is TokenEndpointTransport && !Thread.CurrentThread.IsThreadPoolThread;
            HttpResponseMessage? response = null;
            Exception? failure = null;
            try
            {
                response = isSynchronous
                    ? sender.Send(message, timeout.Token)
                    : await TokenEndpointTransport.SendAsync(sender, message, timeout.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // A handler of the program's that was still sending again when time was up.
                failure = e;
                response = content.Answer?.Invoke(message);
            }

            using (response)
            {
                // Before anything is concluded: a hedge that is still on its way must not send after this said "not sent".
                if (!request.TryTake(content))
                {
                    await request.CloseAsync(isAnswered: true).ConfigureAwait(false);
                }

                request.ThrowIfAnnouncementFailed();
                if (response is null)
                {
                    result = Conclude(request, content.Refusal, failure!, timeout);
                }
                else if ((int)response.StatusCode is >= 300 and < 400 || message.Method != HttpMethod.Post)
                {
                    // A handler that follows redirects makes a GET of the POST (RFC 9110 section 15.4): its answer is another server's.
                    result = Redirected(request, response);
                }
                else
                {
                    // An answer that was kept is whole already, though time is up.
                    CancellationToken limit = failure is null ? timeout.Token : CancellationToken.None;
                    LimitedBody answer = await LimitedBody.ReadAsync(response.Content, isSynchronous, limit).ConfigureAwait(false);
                    result = Interpret(request, response, answer, timeout);
                    lacksNonce = request.Key is not null && LacksNonce(response, result);
                }
            }
        }

        if (lacksNonce && request.TryReopen())
        {
            return await TryAsync(request, sender, isRetry, deadline).ConfigureAwait(false);
        }

        return !result.IsConnectFailure || isRetry ? result : await RetryAsync(request, sender, result, deadline).ConfigureAwait(false);
    }

    // A method of its own, so that a process whose first try succeeds, as nearly all do, does not load Polly.
    private async ValueTask<TokenEndpointResult> RetryAsync(
        TokenRequest request, HttpMessageInvoker sender, TokenEndpointResult failure, CancellationToken deadline)
    {
        // Of objects: Polly validates its options by their attributes, and .NET keeps each type validated so for the whole process. A type
        // of this library in it would keep a plug-in that uses the library from being unloaded.
        ResiliencePipeline<object> pipeline = new ResiliencePipelineBuilder<object> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<object>
            {
                ShouldHandle = static tried => ValueTask.FromResult(tried.Outcome.Result is TokenEndpointResult { IsConnectFailure: true }),
                MaxRetryAttempts = Retries,
                Delay = FirstDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                OnRetry = retry =>
                {
                    var failed = retry.Outcome.Result as TokenEndpointResult;
                    Log.ConnectRetrying(logger, ShownEndpoint, retry.RetryDelay, failed?.Exception?.Message);
                    return default;
                },
            })
            .Build();

        TokenEndpointResult? last = null;
        try
        {
            await pipeline.ExecuteAsync<object>(
                async again => last = last is null ? failure : await TryAsync(request, sender, isRetry: true, again).ConfigureAwait(false),
                deadline).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // Why the last try failed tells more than that time is up.
        }

        return last ?? failure;
    }
}
