using System.Net.Mime;
using System.Text;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <summary>Turns an answer of the token endpoint into what it means for the refresh token.</summary>
internal sealed class TokenAnswerInterpreter(TokenEndpointSettings settings, ITokenErrorClassifier? classifier, TimeProvider time, ILogger logger)
{
    private readonly string _shownEndpoint = UriRedaction.Show(settings.TokenEndpoint);

    internal SecretRedactor RedactorFor(TokenRequest request, string? answeredAccessToken = null, string? answeredRefreshToken = null) =>
        new(settings.Secrets, request.RefreshToken, request.StoredAccessToken, answeredAccessToken, answeredRefreshToken);

    internal async ValueTask<TokenEndpointResult> InterpretAsync(HttpRequestMessage message, HttpResponseMessage response, TokenRequest request, Func<Exception, Exception> explain, CancellationToken cancellationToken)
    {
        int status = (int)response.StatusCode;

        // A handler that follows redirects makes a GET of the POST (RFC 9110 section 15.4): its answer is another server's page.
        if (status is >= 300 and < 400 || message.Method != HttpMethod.Post)
        {
            return Redirected(status, response);
        }

        LimitedBody body = await LimitedBody.ReadAsync(response.Content, cancellationToken).ConfigureAwait(false);
        TokenAnswer answer = TokenResponseReader.Read(body.Bytes.Span);
        bool isSuccess = response.IsSuccessStatusCode;
        if (isSuccess && answer is { IsObject: true, AccessToken: { } accessToken })
        {
            return Success(answer, accessToken);
        }

        SecretRedactor redactor = RedactorFor(request, answer.AccessToken, answer.RefreshToken);
        string? recovered = isSuccess ? Recover(body, request.RefreshToken) : null;
        var error = new TokenErrorResponse(
            status,
            redactor.Clean(answer.Error, SecretRedactor.ErrorLength),
            redactor.Clean(answer.ErrorDescription ?? PlainText(response, body, answer), SecretRedactor.DescriptionLength),
            answer.IsObject);

        // A new refresh token beside an error, or without an access token, was issued all the same.
        TokenEndpointOutcome outcome = recovered is null ? Classify(error) : TokenEndpointOutcome.Unknown;
        return TokenEndpointResult.Failure(
            outcome,
            status,
            error.Error,
            error.ErrorDescription,
            RetryAfterReader.Read(response, time),
            body.Exception is { } broken ? redactor.Clean(explain(broken)) : null,
            recovered);
    }

    private TokenEndpointResult Success(TokenAnswer answer, string accessToken)
    {
        if (answer.HasNegativeLifetime)
        {
            Log.LifetimeMalformed(logger, _shownEndpoint);
        }

        return TokenEndpointResult.Success(new TokenResponse(accessToken, answer.RefreshToken, answer.ExpiresIn)
        {
            RefreshTokenExpiresIn = answer.RefreshTokenExpiresIn,
            Scopes = answer.Scopes,
            TokenType = answer.TokenType,
            AccountId = answer.AccountId,
            Subject = answer.Subject,
        });
    }

    private TokenEndpointOutcome Classify(TokenErrorResponse error)
    {
        TokenEndpointOutcome? own = classifier?.Classify(error);
        return own is null or TokenEndpointOutcome.Succeeded ? DefaultTokenErrorClassifier.Instance.Classify(error)!.Value : own.Value;
    }

    private TokenEndpointResult Redirected(int status, HttpResponseMessage response)
    {
        Uri? location = response.Headers.Location ?? response.RequestMessage?.RequestUri;
        string target = location is null ? "an unnamed address" : $"'{UriRedaction.ShowOrigin(location.IsAbsoluteUri ? location : new Uri(settings.TokenEndpoint, location))}'";
        return TokenEndpointResult.Failure(TokenEndpointOutcome.Misconfigured, status, exception: new TokenRefreshConfigurationException(
            $"'TokenEndpoint' is '{_shownEndpoint}', which redirects to {target} (HTTP {status}). A refresh token is not sent after a redirect; set 'TokenEndpoint' to the final address."));
    }

    // A server that repeats the token it was sent has issued nothing.
    private static string? Recover(LimitedBody body, string sent)
    {
        string? found = TokenResponseReader.RecoverRefreshToken(body.Bytes.Span);
        return found == sent ? null : found;
    }

    private static string? PlainText(HttpResponseMessage response, LimitedBody body, TokenAnswer answer) =>
        !answer.IsObject && response.Content.Headers.ContentType?.MediaType == MediaTypeNames.Text.Plain
            ? Encoding.UTF8.GetString(body.Bytes.Span[..Math.Min(body.Bytes.Length, SecretRedactor.DescriptionLength)])
            : null;
}
