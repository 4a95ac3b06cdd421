using System.Globalization;
using System.Runtime.CompilerServices;
using TokenRefresh.Diagnostics;
using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <content>Compare and commit, and what follows when that does not go through.</content>
internal sealed partial class RefreshTransaction
{
    // Roll-backs in a row that are undone within one save; after that the tokens wait in memory.
    private const int RollbacksUndone = 3;

    // The owner of unsaved tokens tries again at least every 30 seconds.
    private static readonly TimeSpan UnsavedHold = TimeSpan.FromMinutes(2);

    // What became of the tokens that were saved last.
    private SaveOutcome _outcome;
    private CredentialsCommit _commit;

    /// <summary>What became of new tokens.</summary>
    private enum SaveOutcome
    {
        /// <summary>Durable.</summary>
        Saved,

        /// <summary>Kept in memory, to be saved later.</summary>
        Kept,

        /// <summary>Given up: the login was ended or replaced.</summary>
        Discarded,
    }

    /// <summary>
    /// Tries once more to save tokens that could not be saved, in the background or at the end of the provider. Never fails.
    /// </summary>
    internal async Task SaveUnsavedAsync()
    {
        try
        {
            if (await _store.AcquireLeaseAsync(context.Options.SaveTimeout).ConfigureAwait(false) is not { } lease)
            {
                return;
            }

            await using (lease.ConfigureAwait(false))
            {
                _lease = lease;
                await SaveUnsavedTokensAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // No lock now, or a store that its owner disposed before us. The tokens stay in memory, and the failed save was reported when
            // it happened.
        }
    }

    private async Task SaveUnsavedTokensAsync(CancellationToken cancellationToken)
    {
        if (state.Unsaved is { } unsaved)
        {
            _record = await _journal.ReadAsync(unsaved.Replaces, cancellationToken).ConfigureAwait(false);
            if (await SaveUnsavedTokensAsync(unsaved).ConfigureAwait(false))
            {
                Log.UnsavedTokensSaved(context.Logger, _store.Location);
            }
        }
    }

    private async Task<bool> SaveUnsavedTokensAsync(UnsavedTokens unsaved)
    {
        await SaveAsync(unsaved.Replaces, unsaved.Tokens).ConfigureAwait(false);
        string token = Fingerprint.Of(unsaved.Tokens.AccessToken);
        var obtained = new ObtainedToken(token, _record.ObtainedAt(token) ?? unsaved.At);
        await WriteRecordAsync(AfterSave(unsaved.Replaces, unsaved.Replaces, unsaved.Tokens, obtained)).ConfigureAwait(false);
        return _outcome == SaveOutcome.Saved;
    }

    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private async Task<TokenSnapshot?> AfterSuccessAsync(TokenResponse response, TimeSpan duration)
    {
        AccountIdentity known = AccountIdentity.Of(_sent, state.Snapshot);
        var answered = AccountIdentity.Of(response);
        OAuthCredentials next = NextOf(response);
        if (!context.IsClientGrant && known.IsContradictedBy(answered))
        {
            await DiscardOtherAccountAsync(next).ConfigureAwait(false);
            return null;
        }

        if (_sent.Key is null && AccessToken.IsBoundToKey(response.TokenType))
        {
            return await RefuseBoundTokenAsync(next.RefreshToken).ConfigureAwait(false);
        }

        long logins = state.Logins;
        DateTimeOffset now = _time.GetUtcNow();
        await SaveAsync(_stored, next).ConfigureAwait(false);
        if (_stored is null && _outcome == SaveOutcome.Saved)
        {
            // Only now it is known which of the file's logins this is.
            _record = await _journal.ReadAsync(_commit.Current, CancellationToken.None).ConfigureAwait(false);
        }

        if (_outcome == SaveOutcome.Discarded)
        {
            await WriteRecordAsync(AfterSave(_stored, _sent, next, obtained: null)).ConfigureAwait(false);
            return null;
        }

        LoginRecord record = AfterSave(_stored, _sent, next, new ObtainedToken(Fingerprint.Of(next.AccessToken), now));
        if (reason.RejectedToken is not null && reason.RejectedToken == _sent.AccessToken)
        {
            record = record.WithHold(Backoff.ResourceRejects(_record, RecordKey.Of(_sent, context.Client), now));
        }

        await WriteRecordAsync(record).ConfigureAwait(false);
        var snapshot = TokenSnapshot.Create(context, next, next.ExpiresAt - now, known.With(answered));
        state.TryPublish(snapshot, logins);
        Log.Refreshed(context.Logger, _store.Location, duration, Log.Time(next.ExpiresAt));
        callbacks.Refreshed(new TokensRefreshedEvent(_store.Location, next.ExpiresAt, duration, _outcome == SaveOutcome.Saved));
        IsRefreshed = true;
        return snapshot;
    }

    private OAuthCredentials NextOf(TokenResponse response)
    {
        DateTimeOffset now = _time.GetUtcNow();
        bool isRotated = response.RefreshToken is not null && response.RefreshToken != _sent.RefreshToken;
        DateTimeOffset? refreshTokenExpiresAt = isRotated ? null : _sent.RefreshTokenExpiresAt;
        return new OAuthCredentials(
            response.AccessToken,
            context.IsClientGrant ? null : response.RefreshToken ?? _sent.RefreshToken,
            response.ExpiresIn is { } lifetime ? After(now, lifetime) : Jwt.TryReadExpiry(response.AccessToken))
        {
            RefreshTokenExpiresAt = response.RefreshTokenExpiresIn is { } refreshLifetime
                ? After(now, refreshLifetime)
                : refreshTokenExpiresAt,
            Scopes = response.Scopes ?? _sent.Scopes,
            TokenType = response.TokenType ?? _sent.TokenType,
            IdToken = response.IdToken ?? _sent.IdToken,

            // What the answer says of the account is kept in memory only. Another program that signs in may not know the member
            // and leave what we put there, and its login would then count as another account's.
            AccountId = _sent.AccountId,
            ContinuesLogin = true,
            Login = _sent.Login,
            Key = _sent.Key,
        };
    }

    // A token endpoint client of the program's own may name any lifetime.
    private static DateTimeOffset After(DateTimeOffset now, TimeSpan lifetime) =>
        lifetime < TimeSpan.Zero ? now
        : lifetime < DateTimeOffset.MaxValue - now ? now + lifetime
        : DateTimeOffset.MaxValue;

    // The new tokens belong to another account and are discarded; the refresh token sent is used up.
    private async Task DiscardOtherAccountAsync(OAuthCredentials next)
    {
        Discarded(TokensDiscardedReason.AccountMismatch);
        LoginRecord used = _record.AfterRotation(_sent, next);
        if (await IsReplacedAsync().ConfigureAwait(false) == true)
        {
            await WriteRecordAsync(used).ConfigureAwait(false);
            return;
        }

        var hold = new Hold(HoldKind.Rejected, RecordKey.Of(_sent, context.Client), _time.GetUtcNow(), until: null, count: 1)
        {
            Cause = Hold.OtherAccount,
        };
        await WriteRecordAsync(used.WithHold(hold), durable: true).ConfigureAwait(false);
        throw context.Errors.AccountMismatch();
    }

    // The new access token is worth nothing without a key, and a file may not be able to say so of it. The old one may still be valid. Null
    // to read again.
    private async Task<TokenSnapshot?> RefuseBoundTokenAsync(string? refreshToken)
    {
        OAuthCredentials kept = _sent;
        Hold? former = _record.Find(HoldKind.CoolDown, RecordKey.Of(_sent, context.Client));
        if (refreshToken is not null && refreshToken != _sent.RefreshToken)
        {
            kept = await SaveRecoveredAsync(refreshToken, _sent.ExpiresAt).ConfigureAwait(false);
            if (_outcome == SaveOutcome.Discarded)
            {
                return null;
            }
        }

        Hold pause = Backoff.BoundToKey(former, RecordKey.Of(kept, context.Client), _time.GetUtcNow());
        LoginRecord record = refreshToken == _sent.RefreshToken ? _record.WithAttempt(null) : _record;
        await WriteRecordAsync(record.WithHold(pause)).ConfigureAwait(false);
        throw context.Errors.BoundTokenAnswered(pause.Until);
    }

    // A refresh token in an answer that is of no other use cannot be had again, so it is saved beside the old access token.
    private async Task<OAuthCredentials> SaveRecoveredAsync(string refreshToken, DateTimeOffset? expiresAt)
    {
        var recovered = new OAuthCredentials(_sent.AccessToken, refreshToken, expiresAt)
        {
            Scopes = _sent.Scopes,
            TokenType = _sent.TokenType,
            IdToken = _sent.IdToken,
            AccountId = _sent.AccountId,
            ContinuesLogin = true,
            Login = _sent.Login,
            Key = _sent.Key,
        };
        await SaveAsync(_stored!, recovered).ConfigureAwait(false);
        await WriteRecordAsync(AfterSave(_stored!, _sent, recovered, obtained: null)).ConfigureAwait(false);
        return recovered;
    }

    private async Task SaveAsync(OAuthCredentials? replaces, OAuthCredentials tokens)
    {
        using var activity = new GuardedActivity(TokenRefreshActivities.Start(TokenRefreshActivities.Save));
        try
        {
            OAuthCredentials? expected = replaces;
            for (var rollbacks = 0; ; rollbacks++)
            {
                ValueTask<CredentialsCommit> committing = _lease!.CommitAsync(expected, tokens, CancellationToken.None);
                _commit = committing.IsCompletedSuccessfully ? committing.Result : await committing.ConfigureAwait(false);
                if (_commit.IsCommitted || tokens.HasSameTokens(_commit.Current))
                {
                    break;
                }

                if (!IsRolledBack(_commit.Current, replaces))
                {
                    state.Unsaved = null;
                    bool isGone = _commit.Current is null or { IsSignedOut: true };
                    Discarded(isGone ? TokensDiscardedReason.SignedOut : TokensDiscardedReason.Replaced);
                    _outcome = SaveOutcome.Discarded;
                    return;
                }

                if (rollbacks == RollbacksUndone)
                {
                    throw new CredentialsSaveException(
                        $"The credentials could not be saved to '{_store.Location}': another program keeps putting an older file back. "
                        + "Exclude the file from whatever restores it.");
                }

                expected = _commit.Current;
            }

            state.Unsaved = null;
            if (_commit.IsInPlace && state.IsFirstInPlace())
            {
                Log.SavedInPlace(context.Logger, _store.Location);
            }

            _outcome = SaveOutcome.Saved;
        }
        catch (Exception e)
        {
            // Every exception, also one from a store of the program's own: the tokens cannot be had again.
            DateTimeOffset at = state.Unsaved is { } unsaved && unsaved.Tokens.HasSameTokens(tokens) ? unsaved.At : _time.GetUtcNow();
            state.Unsaved = new UnsavedTokens(replaces, tokens, at);
            context.Metrics.SaveFailed();
            Log.SaveFailed(context.Logger, _store.Location, e);
            callbacks.SaveFailed(new SaveFailedEvent(_store.Location, e));
            _outcome = SaveOutcome.Kept;
        }
    }

    // Not another login: its refresh token is used up, and only we have the successor.
    private bool IsRolledBack(OAuthCredentials? found, OAuthCredentials? replaces) =>
        found is { IsSignedOut: false }
        && (found.RefreshToken == replaces?.RefreshToken || (_journal.IsUsed(found, _record) && !_record.IsMoving(found)));

    // What the record says once new tokens were saved, kept or discarded.
    private LoginRecord AfterSave(
        OAuthCredentials? replaces,
        OAuthCredentials? sent,
        OAuthCredentials next,
        ObtainedToken? obtained)
    {
        replaces ??= OAuthCredentials.None;
        sent ??= OAuthCredentials.None;
        if (_outcome == SaveOutcome.Kept)
        {
            if (context.IsClientGrant)
            {
                // The others can get one of their own.
                return _record;
            }

            // The attempt stays: if this process ends before it has saved its tokens, the others must know that the outcome is unknown.
            DateTimeOffset now = _time.GetUtcNow();
            var hold = new Hold(HoldKind.Unsaved, RecordKey.Of(replaces, context.Client), now, now + UnsavedHold, count: 1)
            {
                Cause = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            };
            return _record.WithHold(hold);
        }

        // Also where the new tokens were discarded: the refresh token that was sent is used up, and may come back with an older file.
        LoginRecord record = _record.AfterRotation(replaces, next).AfterRotation(sent, next);
        if (_outcome == SaveOutcome.Discarded)
        {
            return record;
        }

        return obtained is null ? record.WithFile(null) : record.WithFile(_commit.Current?.Version).WithObtained(obtained);
    }

    // An older file came back. If this process has the newer tokens, they count as unsaved and are saved like those.
    private async Task<bool> TryUndoRollbackAsync(OAuthCredentials stored)
    {
        if (state.Snapshot?.Credentials is not { } own
            || own.HasSameTokens(stored)
            || _record.IsMoving(stored)
            || _journal.IsUsed(own, _record)
            || _record.Obtained.Length == 0
            || _record.Obtained[0].AccessToken != Fingerprint.Of(own.AccessToken))
        {
            return false;
        }

        if (await SaveUnsavedTokensAsync(new UnsavedTokens(stored, own, _record.Obtained[0].At)).ConfigureAwait(false))
        {
            Log.RollbackUndone(context.Logger, _store.Location);
        }

        return true;
    }

    private void Discarded(TokensDiscardedReason why)
    {
        Log.TokensDiscarded(context.Logger, _store.Location, why);
        callbacks.TokensDiscarded(new TokensDiscardedEvent(_store.Location, why));
    }

    // Pauses, and entries that no longer count once other tokens are stored. If this write is lost, that costs at most one more request, so
    // its failure is only logged.
    private async ValueTask WriteRecordAsync(LoginRecord record, bool durable = false)
    {
        if (_record.NewerVersion is not null)
        {
            return;
        }

        try
        {
            _record = await _journal.WriteAsync(_lease!, record, durable, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _record = _journal.Known;
            Log.RecordNotWritten(context.Logger, _store.Location, e);
        }
    }
}
