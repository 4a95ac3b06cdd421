using TokenRefresh.Locking;

namespace TokenRefresh;

/// <summary>Keeps a login in memory: for tests, and for programs whose login lives no longer than they do.</summary>
/// <remarks>Safe for concurrent use; several providers of one process may share one instance, and refresh once.</remarks>
public sealed class InMemoryCredentialsStore : ICredentialsStore, IDisposable
{
    private readonly SemaphoreSlim _lease = new(1, 1);
    private readonly SemaphoreSlim _signIn = new(1, 1);
    private readonly object _lock = new();
    private readonly TimeProvider _timeProvider;
    private OAuthCredentials? _stored;
    private ReadOnlyMemory<byte> _record;
    private LockHolder? _holder;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Creates a store.</summary>
    /// <param name="initial">The login, or <see langword="null"/> for none yet.</param>
    /// <param name="timeProvider">The clock of the holder's mark and of waiting; <see langword="null"/> for the system's.</param>
    public InMemoryCredentialsStore(OAuthCredentials? initial = null, TimeProvider? timeProvider = null)
    {
        _stored = initial;
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public string Location => "memory";

    /// <inheritdoc/>
    public string LockPath => "memory";

    /// <inheritdoc/>
    public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return new(_stored);
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadRecordAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return new(_record);
        }
    }

    /// <inheritdoc/>
    public ValueTask<LockHolder?> ReadHolderAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return new(_holder);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_lease.Wait(0, CancellationToken.None) && !await WaitAsync(timeout, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        lock (_lock)
        {
            _holder = new LockHolder(Environment.ProcessId, "this process", Environment.MachineName, _timeProvider.GetUtcNow());
        }

        return new Lease(this);
    }

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable?> AcquireSignInLeaseAsync(CancellationToken cancellationToken = default)
    {
        await _signIn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new SignInLease(_signIn);
    }

    /// <inheritdoc/>
    public Task WaitForChangeAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return _changed.Task.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (timeout <= TimeSpan.Zero)
        {
            return false;
        }

        using var timedOut = new CancellationTokenSource(timeout, _timeProvider);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timedOut.Token);
        try
        {
            await _lease.WaitAsync(ended.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Frees the semaphores.</summary>
    public void Dispose()
    {
        _lease.Dispose();
        _signIn.Dispose();
    }

    private sealed class SignInLease(SemaphoreSlim right) : IAsyncDisposable
    {
        private int _isDisposed;

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            {
                right.Release();
            }

            return default;
        }
    }

    private sealed class Lease(InMemoryCredentialsStore store) : ICredentialsLease
    {
        private int _isDisposed;

        public string Location => store.Location;

        public string LockPath => store.LockPath;

        public ValueTask<OAuthCredentials?> ReadAsync(CancellationToken cancellationToken = default) => store.ReadAsync(cancellationToken);

        public ValueTask<bool> PrepareAsync(CancellationToken cancellationToken = default) => new(true);

        public ValueTask<CredentialsCommit> CommitAsync(
            OAuthCredentials? expected,
            OAuthCredentials? next,
            CancellationToken cancellationToken = default)
        {
            TaskCompletionSource changed;
            lock (store._lock)
            {
                if (!OAuthCredentials.AreSameLogin(expected, store._stored))
                {
                    return new(CredentialsCommit.Superseded(store._stored));
                }

                store._stored = next;
                changed = store._changed;
                store._changed = NewSignal();
            }

            changed.TrySetResult();
            return new(CredentialsCommit.Committed(next));
        }

        public ValueTask WriteRecordAsync(ReadOnlyMemory<byte> record, bool durable, CancellationToken cancellationToken = default)
        {
            if (record.Length > LockFileFormat.MaximumRecordSize)
            {
                throw new ArgumentException(
                    $"A coordination record holds at most {LockFileFormat.MaximumRecordSize} bytes, not {record.Length}.",
                    nameof(record));
            }

            lock (store._lock)
            {
                store._record = record.ToArray();
            }

            return default;
        }

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            {
                lock (store._lock)
                {
                    store._holder = null;
                }

                store._lease.Release();
            }

            return default;
        }
    }
}
