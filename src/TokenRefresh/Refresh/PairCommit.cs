using TokenRefresh.Diagnostics;
using TokenRefresh.Record;
using TokenRefresh.Stores;

namespace TokenRefresh.Refresh;

/// <summary>Step 6: compare and commit, and what to do when that does not go through.</summary>
internal sealed class PairCommit(RefreshContext services, ProviderState memory, ICredentialsLease lease)
{
    // Roll-backs in a row that are undone within one save; after that the pair waits in memory for a better time.
    private const int RollbacksUndone = 3;

    /// <summary>What became of a pair.</summary>
    internal enum Outcome
    {
        /// <summary>Durable.</summary>
        Saved,

        /// <summary>Kept in memory, to be saved later.</summary>
        Pending,

        /// <summary>The same, but durable beside the stored pair, for everybody to use meanwhile.</summary>
        Stashed,

        /// <summary>Given up: the login was ended or replaced meanwhile.</summary>
        Dropped,
    }

    /// <summary>Saves a pair in the place of the one it was exchanged for.</summary>
    internal async ValueTask<Outcome> SaveAsync(OAuthCredentials replaces, OAuthCredentials pair, CoordinationRecord record)
    {
        using var activity = new QuietActivity(TokenRefreshActivities.StartSave());
        try
        {
            return await CommitAsync(replaces, pair, record).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it is, also from a store of the user's own: the pair cannot be had again.
            memory.Pending = new UnsavedTokens(replaces, pair, memory.Pending is { } pending && pending.Pair.IsSamePair(pair) ? pending.At : services.TimeProvider.GetUtcNow());
            services.Metrics.SaveFailed();
            Log.SaveFailed(services.Logger, services.Store.Location, e);
            services.Events.SaveFailed(new SaveFailedEvent(services.Store.Location, e));
            return TryStash(replaces, pair) ? Outcome.Stashed : Outcome.Pending;
        }
    }

    /// <summary>Saves what could not be saved before, if there is anything.</summary>
    /// <returns>The record as it is afterwards.</returns>
    internal async ValueTask<CoordinationRecord> SavePendingAsync(CoordinationRecord record)
    {
        if (memory.Pending is not { } pending)
        {
            return record;
        }

        Outcome outcome = await SaveAsync(pending.Replaces, pending.Pair, record).ConfigureAwait(false);
        if (outcome == Outcome.Saved)
        {
            Log.UnsavedTokensSaved(services.Logger, services.Store.Location);
        }

        ObtainedNote obtained = record.Obtained is { } noted && noted.AccessToken == Fingerprint.Of(pending.Pair.AccessToken) ? noted : pending.Obtained;
        return await TryWriteRecordAsync(After(outcome, record, pending.Replaces, pending.Replaces, pending.Pair, obtained)).ConfigureAwait(false);
    }

    /// <summary>What the record says once a pair has been saved, kept, or dropped.</summary>
    /// <param name="outcome">What became of it.</param>
    /// <param name="record">The record before.</param>
    /// <param name="replaces">What is stored.</param>
    /// <param name="sent">What was presented: the same, or its unsaved successor.</param>
    /// <param name="next">The new pair.</param>
    /// <param name="obtained">The note of the new access token.</param>
    internal CoordinationRecord After(Outcome outcome, CoordinationRecord record, OAuthCredentials replaces, OAuthCredentials sent, OAuthCredentials next, ObtainedNote? obtained) => outcome switch
    {
        Outcome.Saved or Outcome.Stashed => record.AfterRotation(replaces, next, obtained).AfterRotation(sent, next, obtained),

        // The attempt stays: should this process die with its pair, the outcome is unknown to everybody else.
        Outcome.Pending => record with { Pending = new PendingNote(Fingerprint.Of(replaces.RefreshToken!), services.TimeProvider.GetUtcNow(), BootId.Current, Environment.ProcessId) },

        // The pair is given up, but what it was exchanged for is spent all the same, and may come back with an older file.
        _ => record.AfterRotation(replaces, next, record.Obtained).AfterRotation(sent, next, record.Obtained),
    };

    /// <summary>Writes notes that are void by themselves once another pair is stored, and pauses: their loss costs one more attempt.</summary>
    /// <returns>The record, written or not.</returns>
    internal async ValueTask<CoordinationRecord> TryWriteRecordAsync(CoordinationRecord record, bool durable = false)
    {
        memory.Remember(record);
        try
        {
            await lease.WriteRecordAsync(CoordinationRecordFormat.Write(record), durable, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is, also from a store of the user's own: a note is worth less than what it is about.
            Log.RecordNotWritten(services.Logger, services.Store.Location, e);
        }

        return record;
    }

    private bool TryStash(OAuthCredentials replaces, OAuthCredentials pair)
    {
        try
        {
            if (lease is not IPairStash stash || !stash.TryStash(replaces, pair))
            {
                return false;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // What kept the pair out of the file keeps it out of the stash too; the failed save says why.
            return false;
        }

        return true;
    }

    /// <summary>Saves this process's newer pair over an older one that came back, where it has one.</summary>
    internal async ValueTask<bool> UndoRollbackAsync(OAuthCredentials stored, CoordinationRecord record)
    {
        if (memory.Snapshot?.Credentials is not { } own || record.IsConsumed(own) || own.IsSamePair(stored) || record.Obtained?.AccessToken != Fingerprint.Of(own.AccessToken))
        {
            return false;
        }

        Outcome outcome = await SaveAsync(stored, own, record).ConfigureAwait(false);
        if (outcome == Outcome.Saved)
        {
            Log.RollbackUndone(services.Logger, services.Store.Location);
        }

        return outcome != Outcome.Dropped;
    }

    private async ValueTask<Outcome> CommitAsync(OAuthCredentials replaces, OAuthCredentials pair, CoordinationRecord record)
    {
        OAuthCredentials expected = replaces;
        for (var rollbacks = 0; ; rollbacks++)
        {
            CredentialsCommit commit = await lease.CommitAsync(expected, pair, CancellationToken.None).ConfigureAwait(false);
            if (commit.IsCommitted || pair.IsSamePair(commit.Current))
            {
                memory.Pending = null;
                if (lease is IPairStash { HasWrittenInPlace: true } && memory.IsFirstInPlace())
                {
                    Log.SavedInPlace(services.Logger, services.Store.Location);
                }

                return Outcome.Saved;
            }

            if (commit.Current is { IsSignedOut: false } other && (record.IsConsumed(other) || other.RefreshToken == replaces.RefreshToken))
            {
                // Never to be taken for another login: its refresh token is spent, and only we have the successor.
                expected = rollbacks < RollbacksUndone ? other : throw new CredentialsSaveException(
                    $"The credentials could not be saved to '{services.Store.Location}': another program keeps putting an older file back. Exclude the file from whatever restores it.");
                continue;
            }

            TokensDiscardedReason reason = commit.Current is null or { IsSignedOut: true } ? TokensDiscardedReason.SignedOut : TokensDiscardedReason.Replaced;
            memory.Pending = null;
            Log.TokensDiscarded(services.Logger, services.Store.Location, reason);
            services.Events.TokensDiscarded(new TokensDiscardedEvent(services.Store.Location, reason));
            return Outcome.Dropped;
        }
    }
}
