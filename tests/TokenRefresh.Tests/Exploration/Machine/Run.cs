using System.Runtime.InteropServices;
using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>
/// One execution of a process from its beginning. The calls that it made before are answered from its log; the next ones are really made,
/// as many as it may; at the one after that it ends with an exception.
/// </summary>
/// <remarks>
/// Also its clock, which stands still but for its own pauses. A pause is a call too; a timer that is armed later never fires.
/// </remarks>
internal sealed class Run(MachineWorld world, MachineProcess process, int calls) : TimeProvider
{
    // After so many pauses they are so long that everything else happens before they end.
    private const int MostEarlyWaits = 2;

    private readonly List<(SafeHandle Handle, int Description)> _open = [];
    private int _position;
    private int _calls = calls;
    private TimeSpan _elapsed;

    internal MachineWorld World { get; } = world;

    internal MachineProcess Process { get; } = process;

    internal Disk Disk => World.Disk;

    internal bool IsOver { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => ModelClock.Start + _elapsed;

    public override long GetTimestamp() => _elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime >= TimeSpan.Zero)
        {
            Call(MachineProcess.Pauses, () => true, static (w, p) => (p.HaveOthersMoved && p.Waits < MostEarlyWaits) || w.IsStill);

            // Rounded up, so that the dice which the product throws for its pauses decide nothing.
            _elapsed += TimeSpan.FromSeconds(Math.Ceiling(dueTime.TotalSeconds));
            callback(state);
        }

        return new Timer();
    }

    /// <summary>Makes one call of the system, or answers it as it was answered before.</summary>
    /// <param name="what">For the printed schedule.</param>
    /// <param name="act">What the system does.</param>
    /// <param name="isPossible">When it can be made, if that is not always so.</param>
    /// <param name="isPoint">Whether anything may come between it and the call before.</param>
    internal T Call<T>(string what, Func<T> act, Func<MachineWorld, MachineProcess, bool>? isPossible = null, bool isPoint = true)
    {
        if (!IsOver && _position < Process.Log.Count)
        {
            object? result = Process.Log[_position++];
            return result is Failure failure ? throw failure.Create() : (T)result!;
        }

        if (IsOver || (isPoint && _calls == 0) || isPossible?.Invoke(World, Process) == false)
        {
            EndAt(what, isPossible);
            throw new RunEndedException();
        }

        _calls -= isPoint ? 1 : 0;
        try
        {
            T result = act();
            Note(what, result);
            return result;
        }
        catch (FailureException e)
        {
            Note(what, e.Failure);
            throw e.Failure.Create();
        }
    }

    /// <summary>Makes a handle for a description; closing it closes that.</summary>
    internal T Track<T>(T handle, int description)
        where T : SafeHandle
    {
        _open.Add((handle, description));
        return handle;
    }

    /// <summary>Closes what the process has closed since. A close comes together with the call before it.</summary>
    internal void Settle()
    {
        foreach ((SafeHandle handle, int description) in _open)
        {
            if (handle.IsClosed)
            {
                Disk.Close(description);
            }
        }
    }

    private void EndAt(string what, Func<MachineWorld, MachineProcess, bool>? isPossible)
    {
        if (!IsOver)
        {
            // Before anything is unwound: what that closes stays open.
            IsOver = true;
            Settle();
            Process.Next = what;
            Process.IsNextPossible = isPossible;
        }
    }

    private void Note(string what, object? result)
    {
        _position++;
        Process.Note(what, result);
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}

/// <summary>A run may make no more calls.</summary>
internal sealed class RunEndedException : Exception;

/// <summary>A call that fails, and will fail alike when the run is repeated.</summary>
internal sealed record Failure(string Message, int Error)
{
    internal IOException Create() => new(Message, Error);
}

/// <summary>Carries a <see cref="Machine.Failure"/> out of a call.</summary>
internal sealed class FailureException(Failure failure) : Exception
{
    internal Failure Failure { get; } = failure;
}
