using System.Runtime.InteropServices;

namespace TokenRefresh.Refresh;

/// <summary>
/// Keeps the process alive, while an exchange is in flight, until its tokens are saved. Process-wide; its handlers are there for that
/// time only, on Windows from the first exchange on.
/// </summary>
/// <remarks>
/// A handler waits inside the delivery of the signal and cancels nothing: the runtime runs every handler, the newest first, and only then
/// the default action. So a program that handles the signal itself hears of it right after the save, and one that does not ends then. A
/// second signal ends every wait: the program hears of both at once.
/// </remarks>
internal sealed class ProcessExitDelay : IDisposable
{
    private static readonly object Monitor = new();
    private static readonly List<PosixSignalRegistration> Registrations = [];
    private static readonly ManualResetEventSlim MayExit = new(initialState: true);
    private static int _inFlight;
    private static int _signals;
    private static int _waiting;
    private static long _exitingSince;
    private static TimeSpan _patience;

    private int _isDisposed;

    private ProcessExitDelay()
    {
    }

    /// <summary>Marks an exchange as in flight until the result is disposed, after the release of its lease.</summary>
    /// <param name="deadline">How long an exit waits for it at most, counted from the first signal or the exit itself.</param>
    internal static ProcessExitDelay Enter(TimeSpan deadline)
    {
        lock (Monitor)
        {
            _patience = _inFlight == 0 || deadline > _patience ? deadline : _patience;
            bool isFirst = _inFlight++ == 0;
            if (isFirst || (Volatile.Read(ref _signals) == 1 && Volatile.Read(ref _waiting) == 0))
            {
                // A new exchange after a signal that the program survived has nothing to do with that. After two it wants to end at once.
                MayExit.Reset();
                Volatile.Write(ref _signals, 0);
                Volatile.Write(ref _exitingSince, 0);
            }

            if (isFirst)
            {
                if (Registrations.Count == 0)
                {
                    Register(PosixSignal.SIGTERM);
                    Register(PosixSignal.SIGINT);
                    Register(PosixSignal.SIGHUP);
                    if (OperatingSystem.IsWindows())
                    {
                        // Ctrl+Break. On Unix it asks for a core dump of the present moment.
                        Register(PosixSignal.SIGQUIT);
                    }
                }

                AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
            }
        }

        return new ProcessExitDelay();
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        lock (Monitor)
        {
            if (--_inFlight > 0)
            {
                return;
            }

            // Put back first: with the last registration goes the runtime's own handler, and the program is what it was.
            // Not on Windows: there the removal waits for the delivery of a signal to end, which waits for us, and each holds what the
            // other's next step needs. Without an exchange in flight a handler that stays returns at once.
            if (!OperatingSystem.IsWindows())
            {
                Registrations.ForEach(static registration => registration.Dispose());
                Registrations.Clear();
            }

            AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
            MayExit.Set();
        }
    }

    private static void Register(PosixSignal signal)
    {
        try
        {
            Registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
        catch (Exception e) when (e is PlatformNotSupportedException or IOException)
        {
            // A system without this signal, or a sandbox that lets no process handle it: the exit then comes without a wait, and the record
            // knows of the attempt.
        }
    }

    private static void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            MayExit.Set();
        }

        Wait();
    }

    // Environment.Exit, and the end of Main: also that of a program which handles the first signal itself and returns while our handler
    // still waits.
    private static void OnProcessExit(object? sender, EventArgs e) => Wait();

    // The exit that follows a signal does not wait all over again.
    private static void Wait()
    {
        long now = Environment.TickCount64;
        long since = Interlocked.CompareExchange(ref _exitingSince, now, 0) is var earlier and not 0 ? earlier : now;
        TimeSpan left = _patience - TimeSpan.FromMilliseconds(now - since);
        Interlocked.Increment(ref _waiting);
        MayExit.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        Interlocked.Decrement(ref _waiting);
    }
}
