using System.Security.Authentication;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.Endpoint;

/// <content>What an answer means, or that there was none.</content>
internal sealed partial class HttpTokenEndpointClient
{
    private static readonly SecretRedactor Printable = new();

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
        Exception? cause = exception;
        while (cause is not null and not AuthenticationException)
        {
            cause = cause.InnerException;
        }

        return cause is null;
    }

    private TokenEndpointResult Conclude(
        TokenRequest request, TokenRequestResentException? refusal, Exception failure, FairTimeout timeout)
    {
        if (request.IsSent)
        {
            return new(TokenEndpointOutcome.Unknown) { Exception = refusal ?? Explain(request, failure, timeout) };
        }

        if (refusal is not null)
        {
            failure = new TokenRefreshConfigurationException(refusal.Message, refusal);
        }

        if (failure is TokenRefreshConfigurationException)
        {
            return new(TokenEndpointOutcome.Misconfigured) { Exception = failure };
        }

        if (failure is OperationCanceledException && timeout.Linked.IsCancellationRequested)
        {
            throw new OperationCanceledException("The token request was cancelled before anything was sent.", failure, timeout.Linked);
        }

        return new(TokenEndpointOutcome.NotSent)
        {
            Exception = Explain(request, failure, timeout),
            IsConnectFailure = IsConnectFailure(failure),
        };
    }

    private TokenEndpointResult Interpret(TokenRequest request, HttpResponseMessage response, LimitedBody body, FairTimeout timeout)
    {
        var answer = new TokenResponseParser(body, response, request, time);
        bool isSuccess = response.IsSuccessStatusCode;
        if (isSuccess && answer.TryCreateResponse() is { } tokens)
        {
            if (answer.HasNegativeLifetime)
            {
                Log.LifetimeMalformed(logger, ShownEndpoint);
            }

            return TokenEndpointResult.Success(tokens);
        }

        answer.ReadError(out string? code, out string? description);
        SecretRedactor redactor = RedactorFor(request, answer.AccessToken, answer.RefreshToken);
        var error = new TokenErrorResponse((int)response.StatusCode)
        {
            Error = redactor.Clean(code, SecretRedactor.ErrorLength),
            ErrorDescription = redactor.Clean(description, SecretRedactor.DescriptionLength),
            Body = redactor.Clean(answer.BodyText(SecretRedactor.BodyLength), SecretRedactor.BodyLength),
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
            exception = redactor.Clean(Explain(request, broken, timeout));
        }

        return new(outcome)
        {
            StatusCode = error.StatusCode,
            Error = error.Error,
            ErrorDescription = words,
            RetryAfter = answer.RetryAfter,
            Exception = exception,
            RecoveredRefreshToken = recovered,
            IsWithoutTokens = isWithoutTokens && (recovered is null || answer.IsComplete),
        };
    }

    private TokenEndpointOutcome Classify(TokenErrorResponse error, string? code, string? description)
    {
        if (classifier?.Classify(error) is { } own and not TokenEndpointOutcome.Succeeded)
        {
            return own;
        }

        // By the words as they came: of a secret as short as a letter, 'invalid_grant' is full.
        return DefaultTokenErrorClassifier.Classify(
            error.StatusCode,
            Printable.Clean(code, SecretRedactor.ErrorLength),
            Printable.Clean(description, SecretRedactor.DescriptionLength));
    }

    private TokenEndpointResult Redirected(TokenRequest request, HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        Uri? location = response.Headers.Location ?? response.RequestMessage?.RequestUri;
        string target = "an unnamed address";
        if (location is not null)
        {
            string origin = UriRedaction.Origin(new Uri(requests.Options.TokenEndpoint!, location));
            target = $"'{RedactorFor(request).Clean(origin, SecretRedactor.DescriptionLength)}'";
        }

        return new(TokenEndpointOutcome.Misconfigured)
        {
            StatusCode = status,
            Exception = new TokenRefreshConfigurationException(
                $"'TokenEndpoint' is '{ShownEndpoint}', which redirects to {target} (HTTP {status}). " +
                "A refresh token is not sent after a redirect; set 'TokenEndpoint' to the final address."),
        };
    }

    private InvalidDataException Lacking(
        SecretRedactor redactor, HttpResponseMessage response, LimitedBody body, string? code, string? words) => new(
        $"The token endpoint '{ShownEndpoint}' answered with " +
        $"{TokenEndpointResult.Describe((int)response.StatusCode, code, words)}, but its {body.Bytes.Length} bytes of '" +
        $"{redactor.Clean(response.Content.Headers.ContentType?.MediaType, SecretRedactor.ErrorLength) ?? "unknown type"}' hold no " +
        "'access_token'. " +
        "Check 'TokenEndpoint' and what answers there.");

    private Exception Explain(TokenRequest request, Exception failure, FairTimeout timeout)
    {
        if (failure is OperationCanceledException && timeout.Linked.IsCancellationRequested)
        {
            return new TimeoutException(
                $"The token endpoint '{ShownEndpoint}' did not answer before the deadline of the refresh ('RefreshTimeout').", failure);
        }

        if (failure is OperationCanceledException && timeout.IsExpired)
        {
            return new TimeoutException(
                $"The token endpoint '{ShownEndpoint}' did not answer within '{requests.Options.AttemptTimeout}'. " +
                "Raise 'AttemptTimeout' if it is that slow.",
                failure);
        }

        return RedactorFor(request).Clean(failure);
    }

    private SecretRedactor RedactorFor(TokenRequest request, string? accessToken = null, string? refreshToken = null) =>
        requests.CreateRedactor(request.RefreshToken, request.StoredAccessToken, accessToken, refreshToken);
}
