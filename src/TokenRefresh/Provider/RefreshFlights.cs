using System.Diagnostics.CodeAnalysis;
using TokenRefresh.Refresh;

namespace TokenRefresh.Provider;

/// <summary>The single flight of one provider: one transaction at a time, and one result or one failure for everybody who joins it.</summary>
/// <remarks>The semaphore elects the leader and is held for a few instructions, never across an await; everyone else awaits the leader's task.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "If the semaphore were disposed, its holder's release would fail, and who waits behind it would wait for ever. It holds nothing that needs to be given back.")]
internal sealed class RefreshFlights(Func<RefreshReason, Task, Task<TokenSnapshot>> fly, Action<RefreshReason, Exception?> onLanded)
{
    private readonly SemaphoreSlim _election = new(1, 1);
    private RefreshFlight? _current;
    private bool _isClosed;

    /// <summary>Joins the flight in the air, or starts one.</summary>
    /// <param name="goal">What a new flight would be for.</param>
    /// <param name="isLeader">Whether this call started it.</param>
    /// <exception cref="ObjectDisposedException">No further flight starts.</exception>
    internal RefreshFlight JoinOrStart(RefreshReason goal, out bool isLeader) => JoinOrStart(goal, static () => true, out isLeader)!;

    /// <summary>Starts a flight that nobody waits for, if none is in the air.</summary>
    /// <param name="goal">What it would be for.</param>
    /// <param name="mayStart">Asked once no flight is in the air: whether the last one asks for a pause.</param>
    /// <exception cref="ObjectDisposedException">No further flight starts.</exception>
    internal void StartIfIdle(RefreshReason goal, Func<bool> mayStart) => JoinOrStart(goal, mayStart, out _);

    private RefreshFlight? JoinOrStart(RefreshReason goal, Func<bool> mayStart, out bool isLeader)
    {
        _election.Wait();
        try
        {
            isLeader = false;
            if (_current is { IsInTheAir: true } flight)
            {
                return flight;
            }

            ObjectDisposedException.ThrowIf(_isClosed, typeof(CoordinatedTokenProvider));
            if (!mayStart())
            {
                return null;
            }

            isLeader = true;

            // The flight belongs to nobody: neither the caller's context nor its thread goes along.
            using (ExecutionContext.SuppressFlow())
            {
                return _current = new RefreshFlight(landed => Task.Run(() => fly(goal, landed)), failure => onLanded(goal, failure));
            }
        }
        finally
        {
            _election.Release();
        }
    }

    /// <summary>Starts no further flight, and completes when the last one has landed, however.</summary>
    internal async Task CloseAsync()
    {
        Task? last;
        await _election.WaitAsync().ConfigureAwait(false);
        try
        {
            _isClosed = true;
            last = _current?.Landed;
        }
        finally
        {
            _election.Release();
        }

        if (last is not null)
        {
            await last.ConfigureAwait(false);
        }
    }
}
