using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <content>What follows when a request for the client's own token fails.</content>
internal sealed partial class RefreshTransaction
{
    private bool _hasResent;

    // The request uses nothing up: if its answer was lost, it is made once more at once, and after any other failure there is a pause.
    private async Task<TokenSnapshot?> AfterClientFailureAsync(RecordKey key, TokenEndpointResult result)
    {
        if (result is { Outcome: TokenEndpointOutcome.Unknown, StatusCode: null } && !_hasResent && !_deadline.IsCancellationRequested)
        {
            _hasResent = true;
            return null;
        }

        if (result.Outcome is TokenEndpointOutcome.RefreshTokenRejected or TokenEndpointOutcome.RefreshTokenProbablyRejected)
        {
            // There was no refresh token: the grant that the server refuses is the client's.
            result = TokenEndpointResult.Failure(
                TokenEndpointOutcome.Misconfigured,
                result.StatusCode,
                result.Error,
                result.ErrorDescription,
                result.RetryAfter,
                result.Exception);
        }

        Hold coolDown = Backoff.CoolDown(_record, key, result, _time.GetUtcNow());
        await WriteRecordAsync(_record.WithHold(coolDown)).ConfigureAwait(false);
        throw context.Errors.OfExchange(result, coolDown.Until);
    }
}
