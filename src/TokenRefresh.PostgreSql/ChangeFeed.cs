using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>
/// One connection per process and database that listens, while anyone waits, for commits and for leases that were given back.
/// </summary>
/// <remarks>
/// Notifications may be lost (a proxy, a cut network), and the end of a killed holder sends none. So waits end every half second too; if
/// there are many, the oldest ones.
/// Safe for concurrent use.
/// </remarks>
/// <param name="pool">Where its connection comes from.</param>
/// <param name="listens">Whether there is a connection for it; if not, all who wait look again now and then.</param>
internal sealed class ChangeFeed(SharedPool pool, bool listens)
{
    internal const string Channel = "token_refresh";

    /// <summary>The last letter of a payload: the stored login is another one.</summary>
    internal const char Changed = 'c';

    /// <summary>The last letter of a payload: a lease was given back.</summary>
    internal const char Released = 'r';

    /// <summary>How often waits end by themselves.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    // Each wait that ends costs some reads and a try of the lock: with thousands of logins, all at once would leave no time for refreshes.
    private const int MostEndedByTick = 50;

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(30);

    // Not of the provider's clock: one feed serves many stores.
    private static readonly TimeProvider Time = TimeProvider.System;

    private readonly object _lock = new();
    private readonly Dictionary<string, TaskCompletionSource> _waits = new(StringComparer.Ordinal);
    private readonly Queue<(string Payload, TaskCompletionSource Wait)> _byAge = [];
    private int _stores;
    private bool _isRunning;
    private long _lastWait;

    /// <summary>Counts a store that may wait; to be called once by each, and <see cref="Leave"/> at its end.</summary>
    internal void Join() => Interlocked.Increment(ref _stores);

    /// <summary>Takes a store back; the last one ends the connection at the next tick.</summary>
    internal void Leave() => Interlocked.Decrement(ref _stores);

    /// <summary>
    /// Waits for a payload. A notification after the call ends the wait once the feed listens; before that, the beginning of that does.
    /// </summary>
    /// <param name="payload">What is waited for.</param>
    /// <param name="limit">The time for the connection, if this call starts the feed.</param>
    /// <param name="cancellationToken">Ends this wait.</param>
    internal Task WaitAsync(string payload, TimeSpan limit, CancellationToken cancellationToken)
    {
        TaskCompletionSource? wait;
        lock (_lock)
        {
            _lastWait = Time.GetTimestamp();
            if (!_waits.TryGetValue(payload, out wait))
            {
                _waits[payload] = wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _byAge.Enqueue((payload, wait));
            }

            if (!_isRunning)
            {
                _isRunning = true;
                _ = Task.Run(() => RunAsync(limit), CancellationToken.None);
            }
        }

        return wait.Task.WaitAsync(cancellationToken);
    }

    // Ends where no one has waited for a while, or no store is left that could. A store that comes meanwhile starts it again.
    private async Task RunAsync(TimeSpan limit)
    {
        while (!TryEnd())
        {
            try
            {
                if (listens)
                {
                    await ListenAsync(limit).ConfigureAwait(false);
                    continue;
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // No connection to be had, or it broke.
            }

            CompleteOldest();
            await Task.Delay(Tick, Time).ConfigureAwait(false);
        }

        CompleteAll();
    }

    private async Task ListenAsync(TimeSpan limit)
    {
        NpgsqlConnection connection = await pool.OpenAsync(limit, CancellationToken.None).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            connection.Notification += (_, notification) => Complete(notification.Payload);
            await Statements.RunAsync(connection, $"LISTEN {Channel}").ConfigureAwait(false);
            CompleteAll();
            long ticked = Time.GetTimestamp();
            while (!IsIdle())
            {
                await connection.WaitAsync(Tick * (0.8 + (0.4 * Random.Shared.NextDouble()))).ConfigureAwait(false);
                if (Time.GetElapsedTime(ticked) >= Tick * 0.8)
                {
                    ticked = Time.GetTimestamp();
                    CompleteOldest();
                }
            }

            await Statements.RunAsync(connection, "UNLISTEN *").ConfigureAwait(false);
        }
    }

    private bool IsIdle()
    {
        lock (_lock)
        {
            return IsIdle_NeedsLock();
        }
    }

    private bool TryEnd()
    {
        lock (_lock)
        {
            bool isIdle = IsIdle_NeedsLock();
            _isRunning = !isIdle;
            return isIdle;
        }
    }

    private bool IsIdle_NeedsLock() =>
        Volatile.Read(ref _stores) == 0 || (_waits.Count == 0 && Time.GetElapsedTime(_lastWait) >= Linger);

    private void Complete(string payload)
    {
        TaskCompletionSource? wait;
        TaskCompletionSource? change = null;
        lock (_lock)
        {
            _waits.Remove(payload, out wait);

            // A holder that failed has left a note of it: who looks at that first needs no lease.
            if (payload.EndsWith(Released))
            {
                _waits.Remove(payload[..^1] + Changed, out change);
            }
        }

        change?.TrySetResult();
        wait?.TrySetResult();
    }

    private void CompleteAll() => CompleteOldest(int.MaxValue);

    private void CompleteOldest(int most = MostEndedByTick)
    {
        var waits = new List<TaskCompletionSource>();
        lock (_lock)
        {
            while (waits.Count < most && _byAge.TryDequeue(out (string Payload, TaskCompletionSource Wait) oldest))
            {
                // A notification has ended the others.
                if (_waits.TryGetValue(oldest.Payload, out TaskCompletionSource? wait) && wait == oldest.Wait)
                {
                    _waits.Remove(oldest.Payload);
                    waits.Add(wait);
                }
            }
        }

        foreach (TaskCompletionSource wait in waits)
        {
            wait.TrySetResult();
        }
    }
}
