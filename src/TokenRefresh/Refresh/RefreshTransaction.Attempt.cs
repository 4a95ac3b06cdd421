using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <content>What is noted before a refresh token leaves, and what keeps it from leaving.</content>
internal sealed partial class RefreshTransaction
{
    // The last moment before the refresh token leaves this machine: name resolution, connect and TLS are done. A process killed before this
    // leaves no trace and loses nothing.
    private async ValueTask NoteAttemptAsync(CancellationToken cancellationToken)
    {
        // Monotonic time stops in a suspend, the wall clock does not.
        TimeSpan jump = _time.GetUtcNow() - _readAt - _time.GetElapsedTime(_readAtTimestamp);
        if (jump.Duration() > ClockTolerance)
        {
            _clockJump = jump;
            throw new OperationCanceledException("The machine slept, or its clock was set, since the credentials were read.");
        }

        if (_isLeaseLost)
        {
            throw new OperationCanceledException("The lease was lost.");
        }

        if (context.IsClientGrant)
        {
            return;
        }

        RecordKey key = RecordKey.Of(_sent, context.Client);

        // One exchange is one attempt, even if it is sent twice since the first sending lacked the server's nonce (RFC 9449 section 8).
        int before = _former is { } former && former.Key.Matches(key) ? former.Count : 0;
        LoginRecord record = BeforePredecessorIsForgotten().WithAttempt(new Attempt(key, _time.GetUtcNow(), before + 1));
        try
        {
            _record = await _journal.WriteAsync(_lease!, record, durable: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The journal remembers it whether or not that works, and it would pass for a request whose answer was lost.
            await WriteRecordAsync(_record.WithAttempt(_former)).ConfigureAwait(false);
            if (e is LockUnavailableException)
            {
                _isLeaseLost = true;
                throw new OperationCanceledException("The lease was lost.", e);
            }

            string remedy = e is TokenRefreshException ? "" : " Make room on its disk.";
            throw new CredentialsFileException(
                _lease!.LockPath,
                $"The attempt could not be noted in '{_lease.LockPath}': {e.Message} Nothing was sent.{remedy}",
                e)
            {
                IsTransient = e is TokenRefreshException { IsTransient: true },
            };
        }
    }

    // Unsaved tokens are about to be exchanged. The stored refresh token is used up, and only the note of its attempt says so. That note is
    // about to be replaced, so the token is listed as used first.
    private LoginRecord BeforePredecessorIsForgotten() =>
        state.Unsaved is { Replaces: { } replaced } unsaved && unsaved.Tokens.HasSameTokens(_sent)
            ? _record.AfterRotation(replaced, _sent)
            : _record;

    private void NoteClock()
    {
        _readAt = _time.GetUtcNow();
        _readAtTimestamp = _time.GetTimestamp();
    }
}
