using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TokenRefresh.Tool;

/// <summary>Passes the signals that would end this process on to a child, whose end is then waited for.</summary>
internal sealed partial class PassedSignals : IDisposable
{
    private readonly int _child;
    private readonly bool _hasTerminal;
    private readonly List<PosixSignalRegistration> _registrations = [];

    internal PassedSignals(Process child, ToolHost host)
    {
        _child = child.Id;
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

    public void Dispose() => _registrations.ForEach(static registration => registration.Dispose());

    // What is typed on a terminal reaches the whole process group, the child too.
    private void Pass(PosixSignal signal, int number, bool fromTerminal) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            if (!fromTerminal || !_hasTerminal)
            {
                _ = Kill(_child, number);
            }
        }));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
