using System.Net;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Http;

namespace TokenRefresh;

/// <content>What follows when a resource rejects the token.</content>
public sealed partial class BearerTokenHandler
{
    private async Task<HttpResponseMessage> AnswerRejectionAsync(
        AuthorizedRequest authorized, HttpResponseMessage rejection, bool isSynchronous, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = rejection;
        bool isRejected;
        do
        {
            ValueTask<bool> replacing = ReplaceAsync(authorized, response, cancellationToken);
            if (isSynchronous ? !Wait(replacing) : !await replacing.ConfigureAwait(false))
            {
                return response;
            }

            try
            {
                response = isSynchronous
                    ? base.Send(authorized.Request, cancellationToken)
                    : await base.SendAsync(authorized.Request, cancellationToken).ConfigureAwait(false);
                isRejected = IsRejected(authorized.Request, authorized.Token, response);
            }
            finally
            {
                authorized.TakeToken();
            }
        }
        while (isRejected && authorized.Token.Key is not null);

        return response;
    }

    /// <summary>
    /// Tells whether the answer rejects the token that the request carries, or its proof; disposes the answer if that
    /// cannot be told.
    /// </summary>
    private bool IsRejected(HttpRequestMessage request, AccessToken token, HttpResponseMessage response)
    {
        try
        {
            var isProofAsked = false;
            if (token.Key is not null)
            {
                Proofs.NoteNonce(request, token, response);
                isProofAsked = BearerChallenge.IsProofAsked(response);
            }

            if (isProofAsked || (_shouldRefresh is null ? BearerChallenge.RejectsToken(response) : _shouldRefresh(response)))
            {
                // A followed redirect takes Authorization off.
                if (request.Headers.Contains(token.HeaderName) && _origins.Allows(request.RequestUri))
                {
                    return true;
                }

                LogNotResent(request, "a redirect took the token off");
            }
            else if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                LogNotResent(request, "the answer says that another token would not help");
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
    /// <returns>Whether to send it again; if not, the rejection is the answer.</returns>
    private async ValueTask<bool> ReplaceAsync(
        AuthorizedRequest authorized, HttpResponseMessage rejection, CancellationToken cancellationToken)
    {
        if (authorized.HasOtherToken && authorized.HasNewProof)
        {
            return false;
        }

        bool mayRetry = _retryOnUnauthorized && await authorized.IsRepeatableAsync(cancellationToken).ConfigureAwait(false);
        if (authorized.Token.Key is not null && BearerChallenge.IsProofAsked(rejection))
        {
            return MayProveAgain(authorized, rejection, mayRetry);
        }

        if (authorized.HasOtherToken)
        {
            return false;
        }

        AccessToken next;
        try
        {
            next = await _tokens.RefreshAccessTokenAsync(authorized.Token, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRefreshException e) when (!mayRetry || e.IsTransient || e is NotRefreshableException)
        {
            LogNotResent(authorized.Request, "no other token can be had", e);
            return false;
        }
        catch
        {
            rejection.Dispose();
            throw;
        }

        if (!mayRetry)
        {
            LogNotRepeatable(authorized.Request);
            return false;
        }

        if (string.Equals(next.Value, authorized.Token.Value, StringComparison.Ordinal))
        {
            LogNotResent(authorized.Request, "the provider returned the rejected token again");
            return false;
        }

        authorized.HasOtherToken = true;
        Repeat(authorized, rejection, next);
        return true;
    }

    // The token is as good as before: no refresh, and a second try alone.
    private bool MayProveAgain(AuthorizedRequest authorized, HttpResponseMessage rejection, bool mayRetry)
    {
        if (!mayRetry || authorized.HasNewProof)
        {
            LogNotRepeatable(authorized.Request, authorized.HasNewProof ? "its second proof was refused too" : null);
            return false;
        }

        authorized.HasNewProof = true;
        Repeat(authorized, rejection, authorized.Token, DPoPKey.NonceOf(rejection));
        return true;
    }

    private static void Repeat(AuthorizedRequest authorized, HttpResponseMessage rejection, AccessToken next, string? nonce = null)
    {
        // Before the next sending: its connection may be the only one allowed.
        rejection.Dispose();
        authorized.ReplaceToken(next, nonce);
        TokenRefreshMetrics.RequestResent();
    }

    private void LogNotRepeatable(HttpRequestMessage request, string? reason = null) => LogNotResent(
        request,
        reason ?? (_retryOnUnauthorized
            ? "its body cannot be sent twice and is longer than 'BufferLimit', or was still being sent"
            : "'RetryOnUnauthorized' is off"));

    private void LogNotResent(HttpRequestMessage request, string reason, Exception? exception = null)
    {
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            Log.RequestNotResent(_logger, OriginOf(request), reason, exception);
        }
    }
}
