using System.Runtime.InteropServices;

namespace TokenRefresh.Tool;

/// <summary>
/// Passes the signals that would end this process on to a child, whose end is then waited for. Made before the child is started, so that
/// none ends this process alone.
/// </summary>
internal sealed partial class PassedSignals : IDisposable
{
    private readonly Lock _lock = new();
    private readonly bool _hasTerminal;
    private readonly List<int> _early = [];
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int? _child;

    internal PassedSignals(ToolHost host)
    {
        _hasTerminal = host.IsInputTerminal || host.IsOutputTerminal || host.IsErrorTerminal;
        if (!OperatingSystem.IsWindows())
        {
            Pass(PosixSignal.SIGTERM, 15, fromTerminal: false);
            Pass(PosixSignal.SIGHUP, 1, fromTerminal: false);
            Pass(PosixSignal.SIGINT, 2, fromTerminal: true);
            Pass(PosixSignal.SIGQUIT, 3, fromTerminal: true);
        }
        else
        {
            // The console tells both of Ctrl+C.
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true));
        }
    }

    /// <summary>Names the child, and passes on what has come before; <see langword="null"/> once it has ended.</summary>
    internal void SetChild(int? child)
    {
        lock (_lock)
        {
            _child = child;
            if (child is { } processId)
            {
                _early.ForEach(signal => _ = Kill(processId, signal));
            }
        }
    }

    public void Dispose() => _registrations.ForEach(static registration => registration.Dispose());

    // What is typed on a terminal reaches the whole process group, the child too.
    private void Pass(PosixSignal signal, int number, bool fromTerminal) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            lock (_lock)
            {
                if (fromTerminal && _hasTerminal)
                {
                    return;
                }

                if (_child is { } processId)
                {
                    _ = Kill(processId, number);
                }
                else
                {
                    _early.Add(number);
                }
            }
        }));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
