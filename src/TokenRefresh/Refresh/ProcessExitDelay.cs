using System.Runtime.InteropServices;

namespace TokenRefresh.Refresh;

/// <summary>
/// Delays the exit of the process while an exchange runs, until its tokens are saved. Process-wide. Its handlers are registered while an
/// exchange runs; on Windows they stay from the first exchange on.
/// </summary>
/// <remarks>
/// A handler waits inside the delivery of the signal and cancels nothing: the runtime runs every handler, the newest first, and only then
/// the default action. So a program that handles the signal itself hears of it right after the save, and one that does not ends then. A
/// second signal ends every wait: the program hears of both at once.
/// </remarks>
internal sealed class ProcessExitDelay : IDisposable
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);

    // The end of the process would lose the answer for good, so this is generous.
    private static readonly TimeSpan Extension = TimeSpan.FromSeconds(5);
    private static readonly object Lock = new();
    private static readonly List<PosixSignalRegistration> Registrations = [];
    private static readonly ManualResetEventSlim ExitAllowed = new(initialState: true);
    private static int _inFlight;
    private static int _signals;
    private static int _waiting;
    private static long _exitingSince;
    private static TimeSpan _timeout;

    private int _isDisposed;

    private ProcessExitDelay()
    {
    }

    /// <summary>Marks an exchange as running until the result is disposed, which happens after the release of the lease.</summary>
    /// <param name="deadline">How long an exit waits for it at most, counted from the first signal or the exit itself.</param>
    internal static ProcessExitDelay Enter(TimeSpan deadline)
    {
        lock (Lock)
        {
            _timeout = _inFlight == 0 || deadline > _timeout ? deadline : _timeout;
            bool isFirst = _inFlight++ == 0;
            if (isFirst || (Volatile.Read(ref _signals) == 1 && Volatile.Read(ref _waiting) == 0))
            {
                // After one signal that the program survived, an exit waits for the next exchange as for the first. After two signals the
                // program wants to end at once, so no exit waits any more.
                ExitAllowed.Reset();
                Volatile.Write(ref _signals, 0);
                Volatile.Write(ref _exitingSince, 0);
            }

            if (isFirst)
            {
                if (Registrations.Count == 0)
                {
                    Register_NeedsLock(PosixSignal.SIGTERM);
                    Register_NeedsLock(PosixSignal.SIGINT);
                    Register_NeedsLock(PosixSignal.SIGHUP);
                    if (OperatingSystem.IsWindows())
                    {
                        // Ctrl+Break on Windows. On Unix it asks for a core dump, which is not to be delayed.
                        Register_NeedsLock(PosixSignal.SIGQUIT);
                    }
                }

                AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
            }
        }

        return new ProcessExitDelay();
    }

    private static void Register_NeedsLock(PosixSignal signal)
    {
        try
        {
            Registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
        catch (Exception e) when (e is PlatformNotSupportedException or IOException)
        {
            // A system without this signal, or a sandbox that lets no process handle it: the exit then does not wait, and the record has
            // the note of the attempt.
        }
    }

    private static void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            ExitAllowed.Set();
        }

        Wait();
    }

    // Environment.Exit, and the end of Main: also that of a program which handles the first signal itself and returns while our handler
    // still waits.
    private static void OnProcessExit(object? sender, EventArgs e) => Wait();

    // A signal and the exit that follows it wait for the deadline together, not once each.
    private static void Wait()
    {
        long now = Environment.TickCount64;
        long since = Interlocked.CompareExchange(ref _exitingSince, now, 0) is var earlier and not 0 ? earlier : now;
        TimeSpan left = _timeout - TimeSpan.FromMilliseconds(now - since);
        Interlocked.Increment(ref _waiting);
        bool isOver = ExitAllowed.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        if (!isOver && TimeSpan.FromMilliseconds(Environment.TickCount64 - since) - _timeout > Tolerance)
        {
            // The process was stopped meanwhile (SIGSTOP), and the answer may have come.
            ExitAllowed.Wait(Extension);
        }

        Interlocked.Decrement(ref _waiting);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        lock (Lock)
        {
            if (--_inFlight > 0)
            {
                return;
            }

            // Removed before the exit may go on: with the last registration the runtime removes its own handler, and a signal acts as if
            // this library had never handled it. Not on Windows: there the removal waits until the delivery of a signal has ended, and that
            // delivery may be waiting here for the exchange, so the two would deadlock. A handler that stays returns at once while no
            // exchange runs.
            if (!OperatingSystem.IsWindows())
            {
                Registrations.ForEach(static registration => registration.Dispose());
                Registrations.Clear();
            }

            AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
            ExitAllowed.Set();
        }
    }
}
