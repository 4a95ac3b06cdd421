using System.Globalization;
using System.Runtime.InteropServices;

namespace TokenRefresh.TestProcess;

/// <summary>
/// Commands of a program with signal handlers of its own: <c>survive n</c> cancels SIGTERM n times, printing <c>survived</c> for each, and
/// lets the next one end the process; <c>handled</c>, <c>ignored</c> and <c>pending</c> tell which ending signals are;
/// <c>interrupt n</c> is an event of the console on Windows: 0 for Ctrl+C, 1 for Ctrl+Break, 2 for its close, 6 for the system's end.
/// </summary>
internal sealed partial class SignalCommands(CommandHost host) : IDisposable
{
    private PosixSignalRegistration? _registration;

    public void Register()
    {
        host.Add("survive", line =>
        {
            int left = line.Count(0);
            _registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            {
                context.Cancel = Interlocked.Decrement(ref left) >= 0;
                host.Announce(context.Cancel ? "survived" : "ending");
            });
            return Task.FromResult("");
        });
        host.Add("handled", _ => Task.FromResult(SignalsOf("SigCgt:")));
        host.Add("ignored", _ => Task.FromResult(SignalsOf("SigIgn:")));
        host.Add("pending", _ => Task.FromResult(SignalsOf("ShdPnd:")));
        host.Add("interrupt", line =>
        {
            // What the system does for such an event: it runs this on a new thread of each process of the console.
            nint kind = line.Count(0);
            new Thread(() => _ = DeliverControlEvent(kind)) { IsBackground = true }.Start();
            return Task.FromResult("");
        });
    }

    public void Dispose() => _registration?.Dispose();

    [LibraryImport("kernelbase", EntryPoint = "CtrlRoutine")]
    private static partial int DeliverControlEvent(nint kind);

    // A mask of signals: bit n - 1 stands for signal n.
    private static string SignalsOf(string label)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Signal handlers are read from /proc.");
        }

        string line = File.ReadLines("/proc/self/status").Single(text => text.StartsWith(label, StringComparison.Ordinal));
        ulong mask = ulong.Parse(line.AsSpan(label.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        (string Name, int Number)[] ending = [("SIGHUP", 1), ("SIGINT", 2), ("SIGTERM", 15)];
        return string.Join(
            ',',
            ending.Where(signal => (mask >> (signal.Number - 1) & 1) != 0).Select(signal => signal.Name)) is { Length: > 0 } names
            ? names
            : "none";
    }
}
