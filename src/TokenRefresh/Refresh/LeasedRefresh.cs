using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>Steps 3 to 7 of the transaction: what happens between the grant of the lease and its release.</summary>
internal sealed class LeasedRefresh(
    RefreshContext services,
    ProviderState memory,
    RefreshPolicy policy,
    ICredentialsLease lease) : IDisposable
{
    // Enough for: a token adopted expired, its refresh, a replay. A store that changes faster than that under our lease is no partner for a protocol.
    private const int MaximumExchanges = 4;

    // A server that was slow to answer may still be at work; it must have finished before it sees the token again.
    private static readonly TimeSpan PauseAfterTimeout = TimeSpan.FromSeconds(2);

    private readonly PairCommit _commit = new(services, memory, lease);
    private CoordinationRecord _record = CoordinationRecord.Empty;
    private ProcessExitDelay? _exitGuard;

    /// <summary>Whether the token is one that this transaction obtained itself.</summary>
    internal bool IsRefreshed { get; private set; }

    /// <summary>Reads, decides, exchanges and saves.</summary>
    /// <returns>The token, or <see langword="null"/> if the lease is not exclusive: start over.</returns>
    internal async ValueTask<TokenSnapshot?> RunAsync(CancellationToken closing)
    {
        using var deadline = new CancellationTokenSource(services.Options.RefreshTimeout, services.TimeProvider);
        _record = await memory.RecallAsync(services.Store, closing).ConfigureAwait(false);
        _record = await _commit.SavePendingAsync(_record).ConfigureAwait(false);
        for (var exchanges = 0; ;)
        {
            var read = new MomentOfRead(services.TimeProvider);
            long logins = memory.Logins;
            OAuthCredentials? stored = await lease.ReadAsync(closing).ConfigureAwait(false);
            OAuthCredentials? effective = memory.Effective(stored);
            RefreshDecision decision = policy.Decide(effective, _record);
            switch (decision.Kind)
            {
                case RefreshAction.Adopt:
                    return policy.TryAdopt(effective!, _record, logins);
                case RefreshAction.RolledBack when await _commit.UndoRollbackAsync(stored!, _record).ConfigureAwait(false):
                    continue;
                case RefreshAction.Refresh or RefreshAction.Replay:
                    break;
                default:
                    throw policy.Refusal(decision, _record);
            }

            closing.ThrowIfCancellationRequested();
            if (!await lease.PrepareAsync(closing).ConfigureAwait(false))
            {
                return null;
            }

            // An exchange that ran under a deleted lock file, and whose probe was gone when we looked for it, has saved by now: maybe after our read.
            if (!OAuthCredentials.AreSameLogin(stored, await lease.ReadAsync(closing).ConfigureAwait(false)))
            {
                return null;
            }

            if (++exchanges > MaximumExchanges)
            {
                throw policy.Failures.OutcomeUnknown(null);
            }

            Step step = await ExchangeAsync(effective!, stored!, read, deadline.Token).ConfigureAwait(false);
            if (step.Snapshot is not null || step.Failure is not null)
            {
                return step.Snapshot ?? throw step.Failure!;
            }
        }
    }

    /// <summary>Lets the process exit; to be called when the lease is given back.</summary>
    public void Dispose() => _exitGuard?.Dispose();

    // Step 5.
    private async ValueTask<Step> ExchangeAsync(OAuthCredentials sent, OAuthCredentials stored, MomentOfRead read, CancellationToken deadline)
    {
        Log.ExchangeStarting(services.Logger, services.Store.Location);
        if (services.Options.HandleProcessSignals)
        {
            _exitGuard ??= ProcessExitDelay.Enter(services.Options.RefreshTimeout + services.Options.SaveTimeout);
        }

        if (sent.ExpiresAt is { } expiresAt)
        {
            services.Metrics.RemainingLifetimeAtRefresh(expiresAt - services.TimeProvider.GetUtcNow());
        }

        AttemptNote? former = _record.Attempt;
        var announcement = new SendingAnnouncement(cancellationToken => NoteAttemptAsync(sent, read, cancellationToken));
        var request = new TokenRequest(sent.RefreshToken!, announcement.MakeAsync) { StoredAccessToken = sent.AccessToken };
        long start = services.TimeProvider.GetTimestamp();
        AttemptNote? before = _record.Attempt;
        TokenEndpointResult result;
        try
        {
            using var activity = new QuietActivity(TokenRefreshActivities.StartExchange(services.Options.TokenEndpoint));
            result = await CallAsync(request, announcement, deadline).ConfigureAwait(false);
        }
        catch (ClockJumpedException e)
        {
            // The machine slept between the read and the request: whatever was read may be hours old. Nothing was sent.
            Log.ClockJumped(services.Logger, services.Store.Location, e.Jump);
            return Step.ReadAgain;
        }
        catch (Exception e) when (e is not TokenRefreshException)
        {
            // Clients report failures as results, but one of the user's own may throw. Whether the body was on its way is known here.
            bool wasSent = !ReferenceEquals(_record.Attempt, before);
            Exception clean = new Endpoint.SecretRedactor(Endpoint.TokenEndpointSettings.From(services.Options).Secrets, sent.RefreshToken, sent.AccessToken).Clean(e);
            result = TokenEndpointResult.Failure(wasSent ? TokenEndpointOutcome.Unknown : TokenEndpointOutcome.NotSent, null, exception: clean);
        }

        TimeSpan duration = services.TimeProvider.GetElapsedTime(start);
        if (result.Response is { } response)
        {
            AccountIdentity known = AccountIdentity.Of(sent, memory.Snapshot);
            var answered = AccountIdentity.Of(response);
            OAuthCredentials next = NextOf(sent, response);
            return known.IsContradictedBy(answered)
                ? await DropOtherAccountAsync(sent, stored, next).ConfigureAwait(false)
                : await SaveAsync(sent, stored, next, known.With(answered), duration).ConfigureAwait(false);
        }

        Log.ExchangeFailed(services.Logger, services.Store.Location, result.Outcome, result.StatusCode, result.Error, result.Exception);
        return await AfterFailureAsync(sent, stored, result, former, deadline).ConfigureAwait(false);
    }

    private async ValueTask<TokenEndpointResult> CallAsync(TokenRequest request, SendingAnnouncement announcement, CancellationToken deadline)
    {
        try
        {
            return await services.Endpoint.RefreshAsync(request, deadline).ConfigureAwait(false);
        }
        finally
        {
            await announcement.CloseAsync().ConfigureAwait(false);
        }
    }

    // The last moment before the refresh token leaves this machine: name resolution, connect and TLS are done. A process killed before this leaves no trace and loses nothing.
    private async ValueTask NoteAttemptAsync(OAuthCredentials sent, MomentOfRead read, CancellationToken cancellationToken)
    {
        read.ThrowIfClockJumped();
        RecordKey key = RecordKey.Of(sent, services.Client);
        int before = _record.Attempt is { } former && former.Key == key ? former.Count : 0;
        var attempt = new AttemptNote(key, services.TimeProvider.GetUtcNow(), BootId.Current, before + 1);
        try
        {
            await WriteRecordAsync(BeforePredecessorIsForgotten(sent) with { Attempt = attempt }, durable: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsFileException(services.Store.LockPath, $"The attempt could not be noted in '{services.Store.LockPath}': {e.Message} Nothing was sent. Make room on its disk.", e);
        }
    }

    // With an unsaved pair, what is still stored is spent. The note of its own attempt is about to go, so that is said otherwise.
    private CoordinationRecord BeforePredecessorIsForgotten(OAuthCredentials sent) =>
        memory.Pending is { } pending && pending.Pair.IsSamePair(sent) && !_record.IsConsumed(pending.Replaces) ? _record.AfterRotation(pending.Replaces, sent, _record.Obtained) : _record;

    private OAuthCredentials NextOf(OAuthCredentials sent, TokenResponse response)
    {
        DateTimeOffset now = services.TimeProvider.GetUtcNow();
        bool isRotated = response.RefreshToken is not null && response.RefreshToken != sent.RefreshToken;
        return new OAuthCredentials(
            response.AccessToken,
            response.RefreshToken ?? sent.RefreshToken,
            response.ExpiresIn is { } lifetime ? After(now, lifetime) : Endpoint.Jwt.TryReadExpiry(response.AccessToken))
        {
            RefreshTokenExpiresAt = response.RefreshTokenExpiresIn is { } refreshLifetime ? After(now, refreshLifetime) : isRotated ? null : sent.RefreshTokenExpiresAt,
            Scopes = response.Scopes ?? sent.Scopes,
            TokenType = response.TokenType ?? sent.TokenType,

            // What the answer says of the account is kept in memory only. Another program that signs in may not know the member and leave what we put there, and its login would then count as another account's.
            AccountId = sent.AccountId,
            ContinuesLogin = true,
        };
    }

    // A client of the user's own may name any time.
    private static DateTimeOffset After(DateTimeOffset now, TimeSpan lifetime) => lifetime < TimeSpan.Zero ? now : lifetime < DateTimeOffset.MaxValue - now ? now + lifetime : DateTimeOffset.MaxValue;

    // Steps 6 and 7.
    private async ValueTask<Step> SaveAsync(OAuthCredentials sent, OAuthCredentials stored, OAuthCredentials next, AccountIdentity account, TimeSpan duration)
    {
        long logins = memory.Logins;
        DateTimeOffset now = services.TimeProvider.GetUtcNow();
        PairCommit.Outcome saved = await _commit.SaveAsync(stored, next, _record).ConfigureAwait(false);
        await TryWriteRecordAsync(_commit.After(saved, _record, stored, sent, next, Obtained(sent, next, now))).ConfigureAwait(false);
        if (saved == PairCommit.Outcome.Dropped)
        {
            return Step.ReadAgain;
        }

        TokenSnapshot snapshot = SnapshotFactory.Create(services.Options, next, next.ExpiresAt - now, now, account);
        memory.TryPublish(snapshot, logins);
        Log.Refreshed(services.Logger, services.Store.Location, duration, next.ExpiresAt);
        services.Events.Refreshed(new TokensRefreshedEvent(services.Store.Location, next.ExpiresAt, duration, saved == PairCommit.Outcome.Saved));
        IsRefreshed = true;
        return new Step(snapshot, null);
    }

    // In place of step 6. The pair is nobody's here; what was sent for it is spent all the same, and presenting it again would be reuse.
    private async ValueTask<Step> DropOtherAccountAsync(OAuthCredentials sent, OAuthCredentials stored, OAuthCredentials next)
    {
        Log.TokensDiscarded(services.Logger, services.Store.Location, TokensDiscardedReason.AccountMismatch);
        services.Events.TokensDiscarded(new TokensDiscardedEvent(services.Store.Location, TokensDiscardedReason.AccountMismatch));
        CoordinationRecord spent = _record.AfterRotation(sent, next, _record.Obtained);
        if (await IsReplacedAsync(stored).ConfigureAwait(false) == true)
        {
            await TryWriteRecordAsync(spent).ConfigureAwait(false);
            return Step.ReadAgain;
        }

        RecordKey key = RecordKey.Of(sent, services.Client);
        memory.Suspect(key); // for this process, should the mark not reach the disk
        await TryWriteRecordAsync(spent with { Dead = new DeadNote(key, services.TimeProvider.GetUtcNow(), AfterUnknownOutcome: false, IsOtherAccount: true) }, durable: true).ConfigureAwait(false);
        return new Step(null, policy.Failures.AccountMismatch());
    }

    private ObtainedNote Obtained(OAuthCredentials sent, OAuthCredentials next, DateTimeOffset now)
    {
        var first = TimeSpan.FromSeconds(30);
        if (policy.Goal.RejectedToken is null || policy.Goal.RejectedToken != sent.AccessToken)
        {
            return new(Fingerprint.Of(next.AccessToken), now, TimeSpan.Zero);
        }

        // Doubled for every fresh token that was rejected in its turn; a token that served longer than that starts over.
        bool wasFresh = _record.Obtained is { } former && former.Restraint > TimeSpan.Zero && former.AccessToken == Fingerprint.Of(sent.AccessToken) && now - former.At < former.Restraint * 2;
        if (wasFresh && policy.Goal.WasAccepted)
        {
            memory.RestraintEndedAt = now;
        }

        TimeSpan restraint = wasFresh ? _record.Obtained!.Restraint * 2 : first;
        TimeSpan limit = next.ExpiresAt is { } expiresAt && (expiresAt - now) / 10 < CoolDownNote.Maximum ? (expiresAt - now) / 10 : CoolDownNote.Maximum;
        return new(Fingerprint.Of(next.AccessToken), now, restraint < limit ? restraint : limit);
    }

    private async ValueTask<Step> AfterFailureAsync(OAuthCredentials sent, OAuthCredentials stored, TokenEndpointResult result, AttemptNote? former, CancellationToken deadline)
    {
        // Whatever failed, another program may have replaced the pair meanwhile; then its token counts, not our failure.
        bool? isReplaced = await IsReplacedAsync(stored).ConfigureAwait(false);
        if (isReplaced == true)
        {
            await TryWriteRecordAsync(_record with { Attempt = null }).ConfigureAwait(false);
            return Step.ReadAgain;
        }

        RecordKey key = RecordKey.Of(sent, services.Client);
        switch (result.Outcome)
        {
            case TokenEndpointOutcome.RefreshTokenRejected:
                bool afterUnknown = _record.Attempt is { Count: > 1 };
                memory.Suspect(key); // for this process, should the mark not reach the disk
                await TryWriteRecordAsync(_record with { Attempt = null, CoolDown = null, Dead = new DeadNote(key, services.TimeProvider.GetUtcNow(), afterUnknown) }, durable: true).ConfigureAwait(false);
                return new Step(null, policy.Failures.Dead(afterUnknown));
            case TokenEndpointOutcome.RefreshTokenProbablyRejected:
                memory.Suspect(key);

                // The others believe it for a pause only, or each of those that wait would present the token in its turn.
                await TryWriteRecordAsync(_record with { Attempt = null, CoolDown = CoolDownPolicy.Next(_record.CoolDown, key, result, services.TimeProvider.GetUtcNow()) }).ConfigureAwait(false);
                return new Step(null, policy.Failures.OfExchange(result, null));
            case TokenEndpointOutcome.Unknown:
                return await AfterUnknownOutcomeAsync(sent, stored, result, mayReplay: isReplaced == false && result.Exception is not Endpoint.TokenRequestResentException, deadline).ConfigureAwait(false);
            default:
                CoolDownNote coolDown = CoolDownPolicy.Next(_record.CoolDown, key, result, services.TimeProvider.GetUtcNow());

                // This one left the token untouched; what became of an earlier one is as unknown as before.
                await TryWriteRecordAsync(_record with { Attempt = former?.Key == key ? former : null, CoolDown = coolDown }).ConfigureAwait(false);
                return new Step(null, policy.Failures.OfExchange(result, coolDown.End));
        }
    }

    // Null if the file cannot be read any more: what became of the refresh token meanwhile is the graver news, and goes on.
    private async ValueTask<bool?> IsReplacedAsync(OAuthCredentials stored)
    {
        try
        {
            return !OAuthCredentials.AreSameLogin(stored, await lease.ReadAsync(CancellationToken.None).ConfigureAwait(false));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }

    // The server may have rotated. The note of the attempt stays; it is what makes the next holder of the lease careful.
    private async ValueTask<Step> AfterUnknownOutcomeAsync(OAuthCredentials sent, OAuthCredentials stored, TokenEndpointResult result, bool mayReplay, CancellationToken deadline)
    {
        if (result.RecoveredRefreshToken is { } recovered && recovered != sent.RefreshToken)
        {
            // Half an answer still holds the one thing that cannot be had again. Its access token is unknown, so the old one stays, and expires now.
            var rescued = new OAuthCredentials(sent.AccessToken, recovered, services.TimeProvider.GetUtcNow()) { Scopes = sent.Scopes, TokenType = sent.TokenType, AccountId = sent.AccountId, ContinuesLogin = true };
            PairCommit.Outcome saved = await _commit.SaveAsync(stored, rescued, _record).ConfigureAwait(false);
            await TryWriteRecordAsync(_commit.After(saved, _record, stored, sent, rescued, obtained: null)).ConfigureAwait(false);
            return Step.ReadAgain;
        }

        RefreshDecision next = policy.Decide(sent, _record);
        if (mayReplay && next.Kind == RefreshAction.Replay && _record.Attempt is { Count: 1 } && !deadline.IsCancellationRequested)
        {
            try
            {
                if (result.Exception is OperationCanceledException or TimeoutException)
                {
                    await Task.Delay(PauseAfterTimeout, services.TimeProvider, deadline).ConfigureAwait(false);
                }

                return Step.ReadAgain;
            }
            catch (OperationCanceledException)
            {
                // No time left under this lease; whoever holds it next replays.
            }
        }

        return new Step(null, policy.Failures.OfExchange(result, next.Until));
    }

    private async ValueTask WriteRecordAsync(CoordinationRecord record, bool durable, CancellationToken cancellationToken)
    {
        await lease.WriteRecordAsync(CoordinationRecordFormat.Write(record), durable, cancellationToken).ConfigureAwait(false);
        _record = record;
        memory.Remember(record);
    }

    private async ValueTask TryWriteRecordAsync(CoordinationRecord record, bool durable = false) => _record = await _commit.TryWriteRecordAsync(record, durable).ConfigureAwait(false);

    /// <summary>What follows an exchange: a token, a failure, or another read.</summary>
    private readonly record struct Step(TokenSnapshot? Snapshot, TokenRefreshException? Failure)
    {
        internal static Step ReadAgain => default;
    }
}
