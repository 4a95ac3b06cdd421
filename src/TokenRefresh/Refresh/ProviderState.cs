using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>What one provider remembers between transactions and shares with nobody.</summary>
/// <remarks>Changed only by the holder of a lease, or under the monitor; read by anyone.</remarks>
internal sealed class ProviderState(TimeProvider timeProvider)
{
    // An answer in a dialect of "dead" is believed for that long; a server's hiccup must not end a login for good.
    private static readonly TimeSpan SuspicionTime = TimeSpan.FromMinutes(10);

    private readonly object _lock = new();
    private (RecordKey Key, DateTimeOffset Since)? _suspicion;
    private DateTimeOffset? _restraintEndedAt;
    private CoordinationRecord _record = CoordinationRecord.Empty;
    private volatile UnsavedTokens? _pending;
    private volatile TokenSnapshot? _snapshot;
    private long _logins;
    private int _inPlace;

    /// <summary>Gets or sets the pair that still has to be saved.</summary>
    internal UnsavedTokens? Pending
    {
        get => _pending;
        set => _pending = value;
    }

    /// <summary>Gets or sets when a fresh token was last replaced because a resource had accepted it before another answer rejected it. Used under a lease, except for a look that is repeated there.</summary>
    internal DateTimeOffset? RestraintEndedAt
    {
        get
        {
            lock (_lock)
            {
                return _restraintEndedAt;
            }
        }

        set
        {
            lock (_lock)
            {
                _restraintEndedAt = value;
            }
        }
    }

    /// <summary>Gets the token that callers are served.</summary>
    internal TokenSnapshot? Snapshot => _snapshot;

    /// <summary>Gets a count that grows with every sign-in and sign-out of this provider: what was read before is void.</summary>
    internal long Logins => Interlocked.Read(ref _logins);

    /// <summary>What this process takes for stored: its unsaved pair where the file still holds the predecessor.</summary>
    internal OAuthCredentials? Effective(OAuthCredentials? stored) =>
        _pending is { } pending && OAuthCredentials.AreSameLogin(pending.Replaces, stored) ? pending.Pair : stored;

    /// <summary>Shows a token to callers, unless a sign-in or sign-out came after the read it stems from.</summary>
    internal bool TryPublish(TokenSnapshot snapshot, long logins)
    {
        lock (_lock)
        {
            if (logins != _logins)
            {
                return false;
            }

            _snapshot = snapshot;
            return true;
        }
    }

    /// <summary>Starts over with another login, or none.</summary>
    internal void Reset(TokenSnapshot? snapshot)
    {
        lock (_lock)
        {
            _logins++;
            _snapshot = snapshot;
            _pending = null;
            _suspicion = null;
            _restraintEndedAt = null;
        }
    }

    /// <summary>Stops serving a login that was found ended, unless another one was stored since, or a pair still waits to be saved or dropped.</summary>
    /// <param name="logins">The count before the look that found it ended.</param>
    internal void EndLogin(long logins)
    {
        lock (_lock)
        {
            if (logins == _logins && _pending is null)
            {
                _logins++;
                _snapshot = null;
            }
        }
    }

    /// <summary>Reads the coordination record under a lease; where it is gone, because somebody deleted the lock file, the last one this provider knew stands in, or what is spent would be sent again.</summary>
    internal async ValueTask<CoordinationRecord> RecallAsync(ICredentialsStore store, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes = await store.ReadRecordAsync(cancellationToken).ConfigureAwait(false);
        if (!bytes.IsEmpty)
        {
            Remember(CoordinationRecordFormat.Read(bytes.Span));
        }

        return Volatile.Read(ref _record);
    }

    /// <summary>Reads it without a lease. By the time the bytes are here, a holder of the lease may have written and remembered a newer one, which is kept then.</summary>
    internal async ValueTask<CoordinationRecord> GlanceAsync(ICredentialsStore store, CancellationToken cancellationToken)
    {
        CoordinationRecord known = Volatile.Read(ref _record);
        ReadOnlyMemory<byte> bytes = await store.ReadRecordAsync(cancellationToken).ConfigureAwait(false);
        if (bytes.IsEmpty)
        {
            return Volatile.Read(ref _record);
        }

        CoordinationRecord read = CoordinationRecordFormat.Read(bytes.Span);
        Interlocked.CompareExchange(ref _record, read, known);
        return read;
    }

    /// <summary>Keeps a record that is about to be written.</summary>
    internal void Remember(CoordinationRecord record) => Volatile.Write(ref _record, record);

    /// <summary>Whether this is the first save that had to be written in place.</summary>
    internal bool IsFirstInPlace() => Interlocked.Exchange(ref _inPlace, 1) == 0;

    internal void Suspect(RecordKey key)
    {
        lock (_lock)
        {
            _suspicion = (key, timeProvider.GetUtcNow());
        }
    }

    internal bool IsSuspected(RecordKey key)
    {
        lock (_lock)
        {
            // A clock that was set back must not prolong it.
            DateTimeOffset now = timeProvider.GetUtcNow();
            return _suspicion is { } suspicion && suspicion.Key == key && suspicion.Since <= now && now < suspicion.Since + SuspicionTime;
        }
    }
}
