using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <summary>Revokes a refresh token after a sign-out (RFC 7009), as well as it can.</summary>
internal sealed class TokenRevocationClient
{
    private readonly TokenEndpointSettings _settings;
    private readonly Uri _endpoint;
    private readonly Func<HttpMessageInvoker> _invoker;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <exception cref="ArgumentException">The settings name no revocation endpoint.</exception>
    internal TokenRevocationClient(TokenEndpointSettings settings, Func<HttpMessageInvoker> invoker, TimeProvider time, ILogger? logger)
    {
        _settings = settings;
        _endpoint = settings.RevocationEndpoint
            ?? throw new ArgumentException("The settings name no revocation endpoint.", nameof(settings));
        _invoker = invoker;
        _time = time;
        _logger = logger ?? NullLogger.Instance;
    }

    /// <summary>Asks the server to revoke the token. A failure is logged; only the caller's cancellation is thrown.</summary>
    /// <returns>Whether the server says that the token is no longer valid.</returns>
    internal async ValueTask<bool> TryRevokeAsync(string refreshToken, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_settings.AttemptTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            string? assertion = null;
            if (_settings.ClientAssertion is { } source)
            {
                assertion = await source.AskAsync(() => RedactorFor(refreshToken), either.Token).ConfigureAwait(false);
            }

            byte[] body = TokenRequestBody.WriteRevocation(_settings, refreshToken, assertion);
            using var message = new HttpRequestMessage(HttpMethod.Post, _endpoint) { Content = new ByteArrayContent(body) };
            message.Content.Headers.TryAddWithoutValidation("Content-Type", TokenRequestBody.ContentType(TokenRequestFormat.Form));
            TokenRequestBody.AddHeaders(_settings, message);
            message.Options.Set(TokenRequestMark.Key, value: true);

            HttpMessageInvoker invoker = _invoker();
            using HttpResponseMessage response = invoker is HttpClient client
                ? await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false)
                : await invoker.SendAsync(message, either.Token).ConfigureAwait(false);

            // A followed redirect is a GET by now, and its 200 revokes nothing.
            if (response.IsSuccessStatusCode && message.Method == HttpMethod.Post)
            {
                return true;
            }

            Log.RevocationFailed(_logger, $"HTTP {(int)response.StatusCode}", exception: null);
            return false;
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.RevocationFailed(_logger, "no answer", RedactorFor(refreshToken).Clean(e));
            return false;
        }
    }

    private SecretRedactor RedactorFor(string refreshToken) => new(_settings.Secrets, refreshToken, _settings.ClientAssertion?.Last);
}
