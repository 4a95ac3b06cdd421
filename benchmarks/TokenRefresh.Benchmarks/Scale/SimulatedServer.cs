namespace TokenRefresh.Benchmarks.Scale;

/// <summary>The store that all machines share: a login, a record, a lock, and cores that do one operation after the other.</summary>
internal sealed class SimulatedServer(VirtualClock clock, Medium medium)
{
    private readonly TimeSpan[] _coreFreeAt = new TimeSpan[Medium.Cores];
    private readonly Dictionary<int, (int Reads, int Writes)> _operations = [];
    private readonly Queue<TaskCompletionSource<bool>> _queue = [];

    internal VirtualClock Clock => clock;

    internal Medium Medium => medium;

    internal OAuthCredentials? Stored { get; set; }

    internal ReadOnlyMemory<byte> Record { get; set; }

    internal List<SimulatedStore> Listeners { get; } = [];

    internal bool IsLocked { get; private set; }

    internal int Connections { get; private set; }

    internal int MostConnections { get; private set; }

    internal long Operations { get; private set; }

    /// <summary>Gets the most reads that any second had.</summary>
    internal int MostReads => _operations.Count == 0 ? 0 : _operations.Values.Max(second => second.Reads);

    /// <summary>Gets the most writes that any second had; a lock counts as one.</summary>
    internal int MostWrites => _operations.Count == 0 ? 0 : _operations.Values.Max(second => second.Writes);

    internal void ForgetFigures()
    {
        _operations.Clear();
        (Operations, MostConnections) = (0, Connections);
    }

    internal void Open() => MostConnections = Math.Max(MostConnections, ++Connections);

    internal void Close() => Connections--;

    /// <summary>Goes to the store, does it there in its turn, and comes back.</summary>
    internal async Task<T> DoAsync<T>(bool isWrite, Func<T> act)
    {
        await clock.WaitAsync(medium.RoundTrip / 2).ConfigureAwait(false);
        int core = _coreFreeAt[0] <= _coreFreeAt[1] ? 0 : 1;
        TimeSpan start = _coreFreeAt[core] > clock.Elapsed ? _coreFreeAt[core] : clock.Elapsed;
        _coreFreeAt[core] = start + medium.Cost;
        await clock.WaitAsync(_coreFreeAt[core] - clock.Elapsed).ConfigureAwait(false);
        Count(isWrite);
        T result = act();
        await clock.WaitAsync(medium.RoundTrip / 2).ConfigureAwait(false);
        return result;
    }

    internal bool TryLock() => !IsLocked && (IsLocked = true);

    /// <summary>Waits in the system's queue.</summary>
    internal Task<bool> QueueAsync(CancellationToken end)
    {
        var turn = new TaskCompletionSource<bool>();
        _queue.Enqueue(turn);
        end.Register(() => turn.TrySetResult(false));
        return turn.Task;
    }

    internal void Unlock()
    {
        IsLocked = false;
        while (medium.Queues && _queue.TryDequeue(out TaskCompletionSource<bool>? next))
        {
            IsLocked = true;
            if (next.TrySetResult(true))
            {
                return;
            }

            IsLocked = false;
        }

        Notify(isChange: false);
    }

    internal void Notify(bool isChange)
    {
        if (medium.Notifies)
        {
            clock.After(medium.RoundTrip / 2, () => Listeners.ForEach(store => store.Wake(isChange)));
        }
    }

    private void Count(bool isWrite)
    {
        Operations++;
        var second = (int)clock.Elapsed.TotalSeconds;
        (int reads, int writes) = _operations.GetValueOrDefault(second);
        _operations[second] = isWrite ? (reads, writes + 1) : (reads + 1, writes);
    }
}
