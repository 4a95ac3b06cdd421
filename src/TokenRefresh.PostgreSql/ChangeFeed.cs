using System.Runtime.CompilerServices;
using Npgsql;

namespace TokenRefresh.PostgreSql;

/// <summary>
/// One connection per process and database that listens, while anyone waits, for commits and for leases that were given back.
/// </summary>
/// <remarks>
/// Notifications may be lost (a proxy, a cut network), and the end of a killed holder sends none. So all waits end every half second too.
/// Safe for concurrent use.
/// </remarks>
internal sealed class ChangeFeed
{
    internal const string Channel = "token_refresh";

    /// <summary>The last letter of a payload: the stored login is another one.</summary>
    internal const char Changed = 'c';

    /// <summary>The last letter of a payload: a lease was given back.</summary>
    internal const char Released = 'r';

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(30);
    private static readonly ConditionalWeakTable<NpgsqlDataSource, ChangeFeed> Feeds = [];

    // Not of the provider's clock: one feed serves many stores.
    private static readonly TimeProvider Time = TimeProvider.System;

    private readonly NpgsqlDataSource _dataSource;
    private readonly object _lock = new();
    private readonly Dictionary<string, TaskCompletionSource> _waits = new(StringComparer.Ordinal);
    private int _stores;
    private bool _isRunning;
    private long _lastWait;

    private ChangeFeed(NpgsqlDataSource dataSource) => _dataSource = dataSource;

    /// <summary>Gets or sets whether a lock of this database was seen to exclude.</summary>
    internal bool IsProven { get; set; }

    internal static ChangeFeed Of(NpgsqlDataSource dataSource) => Feeds.GetValue(dataSource, static source => new ChangeFeed(source));

    /// <summary>Counts a store that may wait; to be called once by each, and <see cref="Leave"/> at its end.</summary>
    internal void Join() => Interlocked.Increment(ref _stores);

    /// <summary>Takes a store back; the last one ends the connection at the next tick.</summary>
    internal void Leave() => Interlocked.Decrement(ref _stores);

    /// <summary>
    /// Waits for a payload. A notification after the call ends the wait once the feed listens; before that, the beginning of that does.
    /// </summary>
    internal Task WaitAsync(string payload, CancellationToken cancellationToken)
    {
        TaskCompletionSource? wait;
        lock (_lock)
        {
            _lastWait = Time.GetTimestamp();
            if (!_waits.TryGetValue(payload, out wait))
            {
                _waits[payload] = wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            if (!_isRunning)
            {
                _isRunning = true;
                _ = Task.Run(RunAsync, CancellationToken.None);
            }
        }

        return wait.Task.WaitAsync(cancellationToken);
    }

    // Ends where nobody has waited for a while, or no store is left that could. A store that comes meanwhile starts it again.
    private async Task RunAsync()
    {
        while (!TryEnd())
        {
            try
            {
                await ListenAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // No connection to be had, or it broke: who waits looks again now and then instead.
                CompleteAll();
                await Task.Delay(Tick, Time).ConfigureAwait(false);
            }
        }

        CompleteAll();
    }

    private async Task ListenAsync()
    {
        NpgsqlConnection connection = await _dataSource.OpenConnectionAsync().ConfigureAwait(false);
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
                    CompleteAll();
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

    private void CompleteAll()
    {
        TaskCompletionSource[] waits;
        lock (_lock)
        {
            waits = [.. _waits.Values];
            _waits.Clear();
        }

        foreach (TaskCompletionSource wait in waits)
        {
            wait.TrySetResult();
        }
    }
}
