using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <content>What happens under the lock: read, decide, prepare, exchange.</content>
internal sealed partial class RefreshTransaction
{
    // Enough for an expired token saved by another program, its refresh and a replay. An upper bound, in case another program keeps
    // changing the file.
    private const int MaximumExchanges = 4;

    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    // A server that was slow to answer may still be at work; it must have finished before it sees the token again.
    private static readonly TimeSpan PauseAfterTimeout = TimeSpan.FromSeconds(2);

    // For a client to say what became of its request. One that ignores the deadline must not keep the lock.
    private static readonly TimeSpan GraceAtDeadline = TimeSpan.FromSeconds(1);

    private ProcessExitDelay? _exitDelay;
    private OAuthCredentials _sent = OAuthCredentials.None;
    private Attempt? _former;
    private CancellationToken _deadline;
    private DateTimeOffset _readAt;
    private long _readAtTimestamp;
    private TimeSpan? _clockJump;
    private bool _hasRecovered;
    private bool _isLeaseLost;

    // Null to start over: the lock is not exclusive, or other tokens were stored meanwhile.
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<TokenSnapshot?> RefreshAsync(ICredentialsLease lease, CancellationToken closing)
    {
        using var deadline = new FairTimeout(context.Options.RefreshTimeout, _time);
        _deadline = deadline.Token;
        if (state.Unsaved is not null)
        {
            await SaveUnsavedTokensAsync(closing).ConfigureAwait(false);
        }

        for (var exchanges = 1; ; exchanges++)
        {
            NoteClock();
            long logins = state.Logins;
            _stored = await InTimeAsync(lease.ReadAsync(closing)).ConfigureAwait(false);
            _record = await InTimeAsync(_journal.ReadAsync(_stored, closing)).ConfigureAwait(false);
            OAuthCredentials? tokens = state.WithUnsavedTokens(_stored);
            RefreshDecision decision = Decide(tokens, _record);
            if (decision.Action == RefreshAction.Use)
            {
                return TryUse(tokens!, _record, logins);
            }

            if (decision.SignInReason == SignInRequiredReason.RolledBack
                && exchanges <= MaximumExchanges
                && await TryUndoRollbackAsync(_stored!).ConfigureAwait(false))
            {
                continue;
            }

            if (!decision.IsRefresh)
            {
                // If our lock file was deleted, another process may have saved between the two reads: then its record says that what we
                // read is used, and the file no longer holds that.
                if (decision.SignInReason == SignInRequiredReason.RolledBack
                    && exchanges <= MaximumExchanges
                    && !OAuthCredentials.AreSameLogin(_stored, await lease.ReadAsync(closing).ConfigureAwait(false)))
                {
                    continue;
                }

                throw context.Errors.Of(decision, _record);
            }

            closing.ThrowIfCancellationRequested();
            if (!await InTimeAsync(lease.PrepareAsync(closing)).ConfigureAwait(false))
            {
                return null;
            }

            // Another process may have made an exchange under a lock file that was deleted. Where PrepareAsync found no temp file of it,
            // that process has saved by now, maybe after our read.
            if (!OAuthCredentials.AreSameLogin(_stored, await InTimeAsync(lease.ReadAsync(closing)).ConfigureAwait(false)))
            {
                return null;
            }

            if (exchanges > MaximumExchanges)
            {
                throw context.Errors.ChangesTooOften();
            }

            if (await ExchangeAsync(tokens ?? OAuthCredentials.None).ConfigureAwait(false) is { } token)
            {
                return token;
            }
        }
    }

    // A store of the program's own that hangs before anything is sent must not keep the lock.
    private ValueTask<T> InTimeAsync<T>(ValueTask<T> step) => step.IsCompleted ? step : AwaitInTimeAsync(step.AsTask());

    private async ValueTask<T> AwaitInTimeAsync<T>(Task<T> step)
    {
        try
        {
            return await step.WaitAsync(_deadline).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!step.IsCompleted)
        {
            Guarded.Forget(step);
            throw new CredentialsFileException(
                _store.Location,
                $"The credentials store of '{_store.Location}' did not answer before the deadline of the refresh ('RefreshTimeout', "
                + $"'{context.Options.RefreshTimeout}'). Nothing was sent. If that happens again, find out why that store hangs.",
                e)
            {
                IsTransient = true,
            };
        }
    }

    // Null to read again.
    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<TokenSnapshot?> ExchangeAsync(OAuthCredentials sent)
    {
        Log.ExchangeStarting(context.Logger, _store.Location);
        if (context.Options.HandleProcessSignals && !context.IsClientGrant)
        {
            _exitDelay ??= ProcessExitDelay.Enter(context.Options.RefreshTimeout + context.Options.SaveTimeout);
        }

        if (sent.ExpiresAt is { } expiresAt)
        {
            context.Metrics.RemainingLifetimeAtRefresh(expiresAt - _time.GetUtcNow());
        }

        _former = _record.Attempt;
        _sent = sent;
        TokenRequest request = context.IsClientGrant
            ? new(NoteAttemptAsync) { StoredAccessToken = sent.AccessToken, Key = sent.Key }
            : new(sent.RefreshToken!, NoteAttemptAsync) { StoredAccessToken = sent.AccessToken, Key = sent.Key };
        long start = _time.GetTimestamp();
        TokenEndpointResult? result = null;
        Exception? failure = null;
        using (new GuardedActivity(TokenRefreshActivities.StartExchange(context.Options.TokenEndpoint)))
        using (var grace = new CancellationTokenSource())
        using (_deadline.UnsafeRegister(EndAfterGrace, grace))
        {
            Task<TokenEndpointResult>? exchange = null;
            try
            {
                exchange = context.Endpoint.RefreshAsync(request, _deadline).AsTask();
                result = await exchange.WaitAsync(grace.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (exchange is { IsCompleted: false })
            {
                failure = new TimeoutException(
                    "The token endpoint client, or a handler in it, did not end at the deadline of the refresh ('RefreshTimeout').", e);
                Guarded.Forget(exchange);
            }
            catch (Exception e)
            {
                failure = e;
            }

            // A token endpoint client of the program's own may go on in the background after it has answered; from here on it may not send.
            await request.CloseAsync().ConfigureAwait(false);
        }

        if (!request.IsSent && !_isLeaseLost && _record.Attempt != _former)
        {
            // Noted for a first sending, which the server refused for want of a nonce; the second never left.
            await WriteRecordAsync(_record.WithAttempt(_former)).ConfigureAwait(false);
        }

        if (_clockJump is { } jump)
        {
            // The machine slept between the read and the request: what was read may be hours old. Nothing was sent.
            Log.ClockJumped(context.Logger, _store.Location, jump);
            _clockJump = null;
            return null;
        }

        if (_isLeaseLost)
        {
            // PrepareAsync says so next, and all starts over with another lease. Nothing was sent.
            _isLeaseLost = false;
            return null;
        }

        result ??= ResultOf(failure!, request);
        if (result.Response is { } response)
        {
            return await AfterSuccessAsync(response, _time.GetElapsedTime(start)).ConfigureAwait(false);
        }

        Log.ExchangeFailed(context.Logger, _store.Location, result.DescribeAnswer(), result.Exception);
        return await AfterFailureAsync(result).ConfigureAwait(false);
    }

    private static void EndAfterGrace(object? grace) => ((CancellationTokenSource)grace!).CancelAfter(GraceAtDeadline);

    // Clients report failures as results, but one of the program's own may throw. Whether the body had left is known here all the same.
    private TokenEndpointResult ResultOf(Exception failure, TokenRequest request)
    {
        if (failure is TokenRefreshException)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        SecretRedactor redactor = new TokenRequestWriter(context.Options).CreateRedactor(_sent.RefreshToken, _sent.AccessToken);
        return TokenEndpointResult.Failure(
            request.IsSent ? TokenEndpointOutcome.Unknown : TokenEndpointOutcome.NotSent, null, exception: redactor.Clean(failure));
    }

    private async Task<TokenSnapshot?> AfterFailureAsync(TokenEndpointResult result)
    {
        // Whatever failed, another program may have stored other tokens; then those count, not our failure.
        bool? isReplaced = await IsReplacedAsync().ConfigureAwait(false);
        if (isReplaced == true)
        {
            await WriteRecordAsync(_record.WithAttempt(null)).ConfigureAwait(false);
            return null;
        }

        RecordKey key = RecordKey.Of(_sent, context.Client);
        if (context.IsClientGrant)
        {
            return await AfterClientFailureAsync(key, result).ConfigureAwait(false);
        }

        // A rejection ends what was unknown of this client's attempts. To another client it may be due to this one: "issued to another
        // client" is an invalid_grant too (RFC 6749 section 5.2).
        Attempt? others = _former is not null && _former.Key.Matches(key) ? null : _former;
        switch (result.Outcome)
        {
            case TokenEndpointOutcome.RefreshTokenRejected:
                bool afterLostAnswer = _record.Attempt is { Count: > 1 };
                var rejected = new Hold(HoldKind.Rejected, key, _time.GetUtcNow(), until: null, count: 1)
                {
                    Cause = afterLostAnswer ? Hold.AfterLostAnswer : null,
                };
                await WriteRecordAsync(
                    _record.WithAttempt(others).WithoutCoolDown(key).WithHold(rejected),
                    durable: true).ConfigureAwait(false);
                throw context.Errors.Rejected(afterLostAnswer);
            case TokenEndpointOutcome.RefreshTokenProbablyRejected:
                await WriteRecordAsync(
                    _record.WithAttempt(others).WithHold(Backoff.ProbablyRejected(_record, key, _time.GetUtcNow())),
                    durable: true).ConfigureAwait(false);
                throw context.Errors.OfExchange(result, null);
            case TokenEndpointOutcome.Unknown:
                bool mayReplay = isReplaced == false && result.Exception is not TokenRequestResentException;
                return await AfterUnknownOutcomeAsync(result, mayReplay).ConfigureAwait(false);
            default:
                Hold coolDown = Backoff.CoolDown(_record, key, result, _time.GetUtcNow());

                // This exchange left the token untouched; what became of an earlier one, also by another client, is as unknown as before.
                await WriteRecordAsync(_record.WithAttempt(_former).WithHold(coolDown)).ConfigureAwait(false);
                throw context.Errors.OfExchange(result, coolDown.Until);
        }
    }

    // Null if the file cannot be read any more: the exchange's failure is reported instead.
    private async Task<bool?> IsReplacedAsync()
    {
        try
        {
            return !OAuthCredentials.AreSameLogin(_stored, await _lease!.ReadAsync(CancellationToken.None).ConfigureAwait(false));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }

    // The server may have rotated. The note of the attempt stays; it is what makes the next holder of the lock careful.
    private async Task<TokenSnapshot?> AfterUnknownOutcomeAsync(TokenEndpointResult result, bool mayReplay)
    {
        OAuthCredentials kept = _sent;
        Hold pause = Backoff.CoolDown(_record, RecordKey.Of(kept, context.Client), result, _time.GetUtcNow());
        bool isRepeated = result.IsWithoutTokens;
        if (result.RecoveredRefreshToken is { } recovered && recovered != _sent.RefreshToken)
        {
            // The access token of that answer is unknown: the old one stays, with now as its expiry.
            kept = await SaveRecoveredAsync(recovered, expiresAt: _time.GetUtcNow()).ConfigureAwait(false);
            if (_outcome == SaveOutcome.Discarded || (!isRepeated && !_hasRecovered))
            {
                _hasRecovered = true;
                return null;
            }

            isRepeated = true;
        }

        if (isRepeated)
        {
            // An answer, not a lost one: the same request gets the same answer, so it is not made again at once.
            await WriteRecordAsync(_record.WithHold(pause.With(RecordKey.Of(kept, context.Client)))).ConfigureAwait(false);
            throw context.Errors.OfExchange(result, pause.Until);
        }

        RefreshDecision next = Decide(kept, _record);
        if (mayReplay && next.Action == RefreshAction.Replay && _record.Attempt is { Count: 1 } && !_deadline.IsCancellationRequested)
        {
            try
            {
                if (result.Exception is OperationCanceledException or TimeoutException)
                {
                    await Task.Delay(PauseAfterTimeout, _time, _deadline).ConfigureAwait(false);
                }

                return null;
            }
            catch (OperationCanceledException)
            {
                // No time left under this lock; its next holder replays.
            }
        }

        throw context.Errors.OfExchange(result, next.Until);
    }
}
