namespace TokenRefresh;

/// <summary>
/// Serves client libraries whose interface for tokens can only say "force a refresh", and not which token was rejected: it remembers the
/// token it gave out and names that one as the rejected token.
/// </summary>
/// <remarks>
/// <para>
/// Where the library accepts a handler, <see cref="BearerTokenHandler"/> is better: it sees which token each rejected request carried. This
/// adapter does not, and many callers may share it or stand behind a cache of the library, so it decides by time. A forced call rejects the
/// token that the adapter gives out at present. For 30 seconds after that token came in place of another one, a forced call is taken for a
/// late rejection of that other one: it gets the present token, and the token endpoint is not asked. So any number of requests that were
/// rejected with one token cost one refresh, also when they force one after another.
/// </para>
/// <para>
/// The price: a new token that is really rejected within its first 30 seconds is returned again, and only a forced call after that time
/// replaces it. A forced call before any token was given out is the same as one that does not force.
/// </para>
/// <para>
/// Safe for concurrent use. One adapter per login is enough for all clients of a process. Makes no request, and starts no timer or thread,
/// of its own, so there is nothing to dispose.
/// </para>
/// </remarks>
public sealed class ForcedRefreshAdapter
{
    // As long as the first pause that a provider makes for a resource that rejects even new tokens.
    private static readonly TimeSpan LateRejections = TimeSpan.FromSeconds(30);

    private readonly ITokenProvider _tokens;
    private readonly TimeProvider _timeProvider;
    private readonly object _lock = new();
    private AccessToken? _present;
    private AccessToken? _former;
    private long _since;

    /// <summary>Creates an adapter.</summary>
    /// <param name="tokens">Where tokens come from. Never disposed by the adapter.</param>
    /// <param name="timeProvider">The clock of the 30 seconds; <see langword="null"/> for the system's.</param>
    public ForcedRefreshAdapter(ITokenProvider tokens, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _tokens = tokens;
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    /// <summary>Returns a token that is valid now, or one in place of the token that was given out before.</summary>
    /// <param name="forceRefresh">
    /// Whether a resource has rejected the token given out before (RFC 6750 section 3.1). Do not force only because a connection is made
    /// anew: a token that is about to expire is replaced without it.
    /// </param>
    /// <param name="cancellationToken">Ends this caller's wait only; a refresh that has begun goes on.</param>
    /// <returns>The token. Completes synchronously while a valid one is cached and no refresh is forced.</returns>
    /// <exception cref="TokenRefreshException">No such token can be had; the type says what to do.</exception>
    /// <exception cref="OperationCanceledException">The caller's wait was cancelled.</exception>
    public ValueTask<AccessToken> GetTokenAsync(bool forceRefresh = false, CancellationToken cancellationToken = default)
    {
        ValueTask<AccessToken> token = forceRefresh && FindRejected() is { } rejected
            ? _tokens.RefreshAccessTokenAsync(rejected, cancellationToken)
            : _tokens.GetAccessTokenAsync(cancellationToken);
        return token.IsCompletedSuccessfully ? new(Remember(token.Result)) : RememberAsync(token);
    }

    private async ValueTask<AccessToken> RememberAsync(ValueTask<AccessToken> token) => Remember(await token.ConfigureAwait(false));

    private AccessToken? FindRejected()
    {
        lock (_lock)
        {
            return IsRecent_NeedsLock() ? _former : _present;
        }
    }

    private AccessToken Remember(AccessToken token)
    {
        if (ReferenceEquals(token, Volatile.Read(ref _present)))
        {
            return token;
        }

        lock (_lock)
        {
            // A call that began before the token was replaced may end after it.
            bool isLate = token.Value == _former?.Value && IsRecent_NeedsLock();
            if (!isLate && token.Value != _present?.Value)
            {
                _former = _present;
                _present = token;
                _since = _timeProvider.GetTimestamp();
            }
        }

        return token;
    }

    private bool IsRecent_NeedsLock() => _former is not null && _timeProvider.GetElapsedTime(_since) < LateRejections;
}
