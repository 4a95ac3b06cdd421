using System.Diagnostics.CodeAnalysis;

namespace TokenRefresh;

/// <summary>
/// Has a <see cref="CoordinatedTokenProvider"/> for each of many logins, such as those of tenants or accounts: made when it is first
/// needed, and disposed when it was idle for a while. Safe for concurrent use.
/// </summary>
/// <remarks>
/// No refresh is lost by that: a provider stays while one runs, and until its tokens are saved. A later call gets a new provider, which
/// takes the tokens that are stored, as any other process would.
/// </remarks>
/// <example>
/// <code>
/// using var http = new HttpMessageInvoker(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
/// await using var pool = new TokenProviderPool(tenant => CoordinatedTokenProvider.Create(
///     options =>
///     {
///         options.CredentialsPath = $"/var/lib/my-service/{tenant}.json";
///         options.TokenEndpoint = new Uri("https://auth.example.com/token");
///         options.ClientId = "my-service";
///     },
///     new CoordinatedTokenProviderServices { HttpMessageInvoker = http }));
/// AccessToken token = await pool.Get("contoso").GetAccessTokenAsync();
/// </code>
/// </example>
public sealed class TokenProviderPool : IAsyncDisposable
{
    private readonly object _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    // The least recently used first.
    private readonly LinkedList<Entry> _idle = new();
    private readonly HashSet<Task> _closing = [];
    private readonly Func<string, CoordinatedTokenProvider> _create;
    private readonly TimeProvider _time;
    private readonly TimeSpan _idleTimeout;
    private readonly int _capacity;
    private readonly ITimer _timer;
    private bool _isDisposed;

    /// <summary>Makes an empty pool.</summary>
    /// <param name="create">
    /// Makes the provider of a key, over a store that outlives it. Called on the thread of the call that needs it, and maybe by two calls
    /// at once, of which one is used; what it throws is the caller's, and the next call tries again.
    /// </param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="timeProvider">The clock; <see langword="null"/> for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public TokenProviderPool(
        Func<string, CoordinatedTokenProvider> create, TokenProviderPoolOptions? options = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(create);
        options ??= new TokenProviderPoolOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Capacity, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.IdleTimeout, TimeSpan.FromSeconds(1), nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.IdleTimeout, TimeSpan.FromDays(1), nameof(options));
        (_create, _time, _idleTimeout, _capacity) = (create, timeProvider ?? TimeProvider.System, options.IdleTimeout, options.Capacity);
        _timer = _time.CreateTimer(static self => ((TokenProviderPool)self!).Evict(), this, _idleTimeout, _idleTimeout / 2);
    }

    /// <summary>Gets how many providers there are now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>
    /// Gives the tokens of a key, for a <see cref="BearerTokenHandler"/> or for calls. Makes nothing yet, and may be kept.
    /// </summary>
    /// <param name="key">The key; case matters.</param>
    /// <returns>Tokens, each of a provider that is in the pool at that moment.</returns>
    public ITokenProvider Get(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new PooledTokenProvider(this, key);
    }

    /// <summary>
    /// Uses the provider of a key, for what <see cref="ITokenProvider"/> does not have: a sign-in, a sign-out, the status.
    /// </summary>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <param name="key">The key; case matters.</param>
    /// <param name="use">Uses the provider, which is not disposed before its task has ended.</param>
    /// <returns>What <paramref name="use"/> returned.</returns>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public async ValueTask<T> UseAsync<T>(string key, Func<CoordinatedTokenProvider, ValueTask<T>> use)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(use);
        Entry entry = Rent(key);
        try
        {
            return await use(entry.Provider).ConfigureAwait(false);
        }
        finally
        {
            Return(entry);
        }
    }

    private Entry Rent(string key)
    {
        CoordinatedTokenProvider? made = null;
        while (true)
        {
            lock (_lock)
            {
                if (_isDisposed && made is not null)
                {
                    Close_NeedsLock(new Entry(key, made));
                }

                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (TryRent_NeedsLock(key, made, out Entry? entry))
                {
                    if (made is not null && made != entry.Provider)
                    {
                        // Another call was first.
                        Close_NeedsLock(new Entry(key, made));
                    }

                    EvictIdle_NeedsLock();
                    return entry;
                }
            }

            made = _create(key) ?? throw new InvalidOperationException("The function that was given to the pool made no provider.");
        }
    }

    private bool TryRent_NeedsLock(string key, CoordinatedTokenProvider? made, [NotNullWhen(true)] out Entry? entry)
    {
        if (!_entries.TryGetValue(key, out entry))
        {
            if (made is null)
            {
                return false;
            }

            entry = new Entry(key, made);
            _entries.Add(key, entry);
        }
        else if (entry.Users == 0)
        {
            _idle.Remove(entry.Node);
        }

        entry.Users++;
        return true;
    }

    private void Return(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Users == 0 && !_isDisposed)
            {
                entry.IdleSince = _time.GetTimestamp();
                _idle.AddLast(entry.Node);
                EvictIdle_NeedsLock();
            }
        }
    }

    private void Evict()
    {
        lock (_lock)
        {
            EvictIdle_NeedsLock();
        }
    }

    private void EvictIdle_NeedsLock()
    {
        LinkedListNode<Entry>? next = _idle.First;
        while (next is { Value: { } entry }
            && (_entries.Count > _capacity || _time.GetElapsedTime(entry.IdleSince) >= _idleTimeout))
        {
            next = next.Next;
            if (!entry.Provider.IsBusy)
            {
                _idle.Remove(entry.Node);
                _entries.Remove(entry.Key);
                Close_NeedsLock(entry);
            }
        }
    }

    // On another thread: the call that comes first may be made from inside another refresh, and none is to wait for this one.
    private void Close_NeedsLock(Entry entry)
    {
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            Task closing = Task.Run(() => entry.Provider.DisposeAsync().AsTask());
            _closing.Add(closing);
            _ = closing.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void Forget(Task closing)
    {
        lock (_lock)
        {
            _closing.Remove(closing);
        }
    }

    /// <summary>Disposes all providers, as each does it. Later calls throw <see cref="ObjectDisposedException"/>. Idempotent.</summary>
    /// <returns>A task that completes when nothing of the pool runs any more.</returns>
    public async ValueTask DisposeAsync()
    {
        Task[] closing;
        lock (_lock)
        {
            _isDisposed = true;
            _idle.Clear();
            foreach (Entry entry in _entries.Values)
            {
                Close_NeedsLock(entry);
            }

            _entries.Clear();
            closing = [.. _closing];
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(closing).ConfigureAwait(false);
    }

    private sealed class PooledTokenProvider(TokenProviderPool pool, string key) : ITokenProvider
    {
        public string HeaderName
        {
            get
            {
                Entry entry = pool.Rent(key);
                try
                {
                    return ((ITokenProvider)entry.Provider).HeaderName;
                }
                finally
                {
                    pool.Return(entry);
                }
            }
        }

        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) =>
            pool.UseAsync(key, provider => provider.GetAccessTokenAsync(cancellationToken));

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default) =>
            pool.UseAsync(key, provider => provider.RefreshAccessTokenAsync(rejected, cancellationToken));
    }

    private sealed class Entry
    {
        internal Entry(string key, CoordinatedTokenProvider provider)
        {
            (Key, Provider) = (key, provider);
            Node = new LinkedListNode<Entry>(this);
        }

        internal string Key { get; }

        internal CoordinatedTokenProvider Provider { get; }

        internal LinkedListNode<Entry> Node { get; }

        internal int Users { get; set; }

        internal long IdleSince { get; set; }
    }
}
