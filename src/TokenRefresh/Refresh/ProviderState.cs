using TokenRefresh.Endpoint;
using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>What one provider knows between transactions.</summary>
/// <remarks>
/// Safe for concurrent use. Tokens are changed under a lease or by a sign-in; a read of the store counts only if no sign-in or sign-out of
/// this provider came after it.
/// </remarks>
internal sealed class ProviderState(ICredentialsStore store, TimeProvider timeProvider)
{
    /// <summary>What the processes tell each other.</summary>
    internal readonly RecordJournal Journal = new(store, timeProvider);

    /// <summary>The tokens that still have to be saved. Set under a lease.</summary>
    internal volatile UnsavedTokens? Unsaved;

    /// <summary>The token that callers are served. Set here alone, with <c>_lock</c> held.</summary>
    internal volatile TokenSnapshot? Snapshot;

    /// <summary>Whether this provider removed the login, and has found none since. Set here alone, with <c>_lock</c> held.</summary>
    internal volatile bool HasSignedOut;

    private readonly object _lock = new();
    private long _logins;
    private int _inPlace;
    private volatile Tuple<string, long>? _inVain;

    /// <summary>Gets a count that grows with every sign-in and sign-out of this provider: what was read before is void.</summary>
    internal long Logins => Interlocked.Read(ref _logins);

    /// <summary>Gets what counts as stored for this process: its unsaved tokens where the file still holds their predecessor.</summary>
    /// <remarks>A stored access token that is a JWT and has no expiry beside it gets the one that it names itself.</remarks>
    internal OAuthCredentials? WithUnsavedTokens(OAuthCredentials? stored)
    {
        if (Unsaved is { } unsaved && OAuthCredentials.AreSameLogin(unsaved.Replaces, stored))
        {
            return unsaved.Tokens;
        }

        return stored is { ExpiresAt: null } && Jwt.TryReadExpiry(stored.AccessToken) is { } expiresAt
            ? stored.WithExpiry(expiresAt)
            : stored;
    }

    /// <summary>Puts together what <see cref="RefreshRules"/> decides by, now.</summary>
    internal RefreshInput InputOf(RefreshContext context, OAuthCredentials? tokens, LoginRecord record, RefreshReason reason) => new()
    {
        Stored = tokens,
        HasSignedOut = HasSignedOut,
        Record = record,
        Reason = reason,
        Now = timeProvider.GetUtcNow(),
        Context = context,
        IsUsed = tokens is not null && Journal.IsUsed(tokens, record),
    };

    /// <summary>Shows a token to callers, unless a sign-in or sign-out came after it was read.</summary>
    internal bool TryPublish(TokenSnapshot snapshot, long logins)
    {
        lock (_lock)
        {
            if (logins != _logins)
            {
                return false;
            }

            Snapshot = snapshot;
            HasSignedOut = false;
            return true;
        }
    }

    /// <summary>Notes that no program has saved a successor of this access token in time.</summary>
    internal void NoteVainWait(string accessToken) => _inVain = Tuple.Create(accessToken, timeProvider.GetTimestamp());

    /// <summary>
    /// Whether the successor of this access token was awaited in vain less than so long ago: then not every request waits as long again.
    /// </summary>
    internal bool HasWaitedInVain(string accessToken, TimeSpan pause) =>
        _inVain is { } last && last.Item1 == accessToken && timeProvider.GetElapsedTime(last.Item2) < pause;

    /// <summary>Whether this is the first save that had to be written in place, which is warned of once.</summary>
    internal bool IsFirstInPlace() => Interlocked.Exchange(ref _inPlace, 1) == 0;

    /// <summary>Starts over with another login, or none.</summary>
    internal void Reset(TokenSnapshot? snapshot)
    {
        lock (_lock)
        {
            _logins++;
            Snapshot = snapshot;
            HasSignedOut = snapshot is null;
            Unsaved = null;
        }
    }

    /// <summary>
    /// Stops serving a login that was found ended, unless another one was stored since, or tokens still wait to be saved or discarded.
    /// </summary>
    /// <param name="logins">The count before the read that found it ended.</param>
    internal void EndLogin(long logins)
    {
        lock (_lock)
        {
            if (logins == _logins && Unsaved is null)
            {
                _logins++;
                Snapshot = null;
            }
        }
    }
}
