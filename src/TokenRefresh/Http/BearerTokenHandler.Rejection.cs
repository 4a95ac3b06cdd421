using System.Net;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Http;

namespace TokenRefresh;

/// <content>What follows when a resource rejects the token.</content>
public sealed partial class BearerTokenHandler
{
    private HttpResponseMessage AnswerRejection(
        AuthorizedRequest authorized, HttpResponseMessage rejection, CancellationToken cancellationToken)
    {
        if (!Wait(ReplaceAsync(authorized, rejection, cancellationToken)))
        {
            return rejection;
        }

        try
        {
            HttpResponseMessage response = base.Send(authorized.Request, cancellationToken);
            IsRejected(authorized.Request, authorized.Token, response);
            return response;
        }
        finally
        {
            authorized.TakeToken();
        }
    }

    private async Task<HttpResponseMessage> AnswerRejectionAsync(
        AuthorizedRequest authorized, HttpResponseMessage rejection, CancellationToken cancellationToken)
    {
        if (!await ReplaceAsync(authorized, rejection, cancellationToken).ConfigureAwait(false))
        {
            return rejection;
        }

        try
        {
            HttpResponseMessage response = await base.SendAsync(authorized.Request, cancellationToken).ConfigureAwait(false);
            IsRejected(authorized.Request, authorized.Token, response);
            return response;
        }
        finally
        {
            authorized.TakeToken();
        }
    }

    /// <summary>Tells whether the answer rejects the token that the request carries; disposes the answer if that cannot be told.</summary>
    private bool IsRejected(HttpRequestMessage request, AccessToken token, HttpResponseMessage response)
    {
        try
        {
            if (_shouldRefresh is null ? BearerChallenge.RejectsToken(response) : _shouldRefresh(response))
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
        bool mayRetry = _retryOnUnauthorized && await authorized.IsRepeatableAsync(cancellationToken).ConfigureAwait(false);
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
            LogNotResent(
                authorized.Request,
                _retryOnUnauthorized
                    ? "its body cannot be sent twice and is longer than 'BufferLimit', or was still being sent"
                    : "'RetryOnUnauthorized' is off");
            return false;
        }

        if (string.Equals(next.Value, authorized.Token.Value, StringComparison.Ordinal))
        {
            LogNotResent(authorized.Request, "the provider returned the rejected token again");
            return false;
        }

        // Before the second sending: its connection may be the only one allowed.
        rejection.Dispose();
        authorized.ReplaceToken(next);
        TokenRefreshMetrics.RequestResent();
        return true;
    }

    private void LogNotResent(HttpRequestMessage request, string reason, Exception? exception = null)
    {
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            Log.RequestNotResent(_logger, OriginOf(request), reason, exception);
        }
    }
}
