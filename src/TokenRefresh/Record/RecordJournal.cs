namespace TokenRefresh.Record;

/// <summary>
/// Reads and writes the coordination record of one login, and remembers what this process knows: what is read is joined with that.
/// </summary>
/// <remarks>
/// Safe for concurrent use. Records of one origin are numbered, and the higher number is the newer one. A lower number, or another origin,
/// is a file that was put back or began anew: then what this process knows is joined with it. No method throws for what stands in the
/// record.
/// </remarks>
internal sealed class RecordJournal(ICredentialsStore store, TimeProvider timeProvider)
{
    internal const int MaximumSize = 64 * 1024;

    private const int UsedCapacity = 1000;

    private readonly object _lock = new();

    // All that this process ever learned; the record keeps the last few.
    private readonly List<string> _used = [];
    private ReadOnlyMemory<byte> _text;
    private volatile LoginRecord _known = LoginRecord.Empty;

    // What was read last, if a newer version wrote it: known by its number alone, and never written over.
    private LoginRecord? _newer;
    private string _login = "";

    // Looks without the lock overlap with the holder's reads and writes. One that was overtaken must not take back the text that the next
    // write keeps the other logins' records from.
    private long _reads;
    private long _newestRead;

    /// <summary>What this process knows, whether or not it could be written.</summary>
    internal LoginRecord Known => _known;

    /// <summary>Reads the record of the stored login; to be called after the read of the store whose tokens it is to judge.</summary>
    /// <exception cref="LockUnavailableException">The record is there and cannot be read.</exception>
    internal ValueTask<LoginRecord> ReadAsync(OAuthCredentials? stored, CancellationToken cancellationToken)
    {
        long number = Interlocked.Increment(ref _reads);
        ValueTask<ReadOnlyMemory<byte>> reading = store.ReadRecordAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? new(Merge(reading.Result, stored, number)) : ReadSlowlyAsync(reading, stored, number);
    }

    /// <summary>Tells whether a stored refresh token was used before.</summary>
    internal bool IsUsed(OAuthCredentials stored, LoginRecord record)
    {
        // The record names the content that the last refresh left in the store. That content is not used, and to know this takes no hash.
        if (stored.RefreshToken is null || IsNoted(stored, record))
        {
            return false;
        }

        lock (_lock)
        {
            return _used.Count > 0 && _used.Contains(Fingerprint.Of(stored.RefreshToken));
        }
    }

    /// <summary>Tells how long the stored access token lives in all, where the process that obtained it noted when.</summary>
    internal static TimeSpan? LifetimeOf(OAuthCredentials credentials, LoginRecord record)
    {
        if (credentials.ExpiresAt is not { } expiresAt || record.Obtained.Length == 0)
        {
            return null;
        }

        DateTimeOffset? at = IsNoted(credentials, record)
            ? record.Obtained[0].At
            : record.ObtainedAt(Fingerprint.Of(credentials.AccessToken));
        return at < expiresAt ? expiresAt - at : null;
    }

    /// <summary>
    /// Writes the record under a lease, and remembers it whether or not that works. Not to be called where a newer version's was read.
    /// </summary>
    /// <exception cref="IOException">It was not written. A store of the user's own may throw anything.</exception>
    internal ValueTask<LoginRecord> WriteAsync(
        ICredentialsLease lease,
        LoginRecord record,
        bool durable,
        CancellationToken cancellationToken)
    {
        byte[] text;
        lock (_lock)
        {
            record = Remember_NeedsLock(record);
            text = RecordJson.Write(_text.Span, _login, record, MaximumSize);
        }

        ValueTask writing = lease.WriteRecordAsync(text, durable, cancellationToken);
        return writing.IsCompletedSuccessfully ? new(AfterWrite(record, text)) : WriteSlowlyAsync(writing, record, text);
    }

    private static bool IsNoted(OAuthCredentials stored, LoginRecord record) => stored.Version is { } version && version == record.File;

    private async ValueTask<LoginRecord> ReadSlowlyAsync(
        ValueTask<ReadOnlyMemory<byte>> reading, OAuthCredentials? stored, long number) =>
        Merge(await reading.ConfigureAwait(false), stored, number);

    private LoginRecord Merge(ReadOnlyMemory<byte> text, OAuthCredentials? stored, long number)
    {
        lock (_lock)
        {
            string login = stored?.Login ?? _login;
            if (number < _newestRead && login == _login)
            {
                return _newer ?? _known;
            }

            _newestRead = number;
            bool isSame = login == _login && text.Span.SequenceEqual(_text.Span);
            _text = text;
            if (login != _login)
            {
                _login = login;
                _known = LoginRecord.Empty;
            }
            else if (isSame)
            {
                return _newer ?? _known;
            }

            LoginRecord read = RecordJson.Read(text.Span, login);
            _newer = read.NewerVersion is null ? null : read;
            if (_newer is not null)
            {
                return _newer;
            }

            bool isNewest = read.Origin == _known.Origin && read.Sequence >= _known.Sequence;
            _known = isNewest || _known.Sequence == 0 ? read : _known.Union(read);
            if (isNewest && read.Restored is { } restored)
            {
                _used.Remove(restored);
            }

            AddUsed_NeedsLock(_known);
            return _known;
        }
    }

    private LoginRecord Remember_NeedsLock(LoginRecord record)
    {
        // Deterministic, unlike a random number: the explorer walks this code.
        string origin = record.Origin ?? _known.Origin ?? $"{timeProvider.GetUtcNow().UtcTicks:x}-{Environment.ProcessId}";
        LoginRecord next = record.Numbered(origin, Math.Max(record.Sequence, _known.Sequence) + 1);
        _known = next;
        if (next.Restored is { } restored)
        {
            _used.Remove(restored);
        }

        AddUsed_NeedsLock(next);
        return next;
    }

    private async ValueTask<LoginRecord> WriteSlowlyAsync(ValueTask writing, LoginRecord record, byte[] text)
    {
        await writing.ConfigureAwait(false);
        return AfterWrite(record, text);
    }

    private LoginRecord AfterWrite(LoginRecord record, byte[] text)
    {
        lock (_lock)
        {
            _text = text;
            _newestRead = Interlocked.Increment(ref _reads);
        }

        return record;
    }

    private void AddUsed_NeedsLock(LoginRecord record)
    {
        foreach (string token in record.Used)
        {
            if (!_used.Contains(token))
            {
                _used.Add(token);
            }

            if (_used.Count > UsedCapacity)
            {
                _used.RemoveAt(0);
            }
        }
    }
}
