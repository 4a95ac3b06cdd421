using System.ComponentModel;
using System.Runtime.InteropServices;

namespace TokenRefresh.TestKit;

/// <summary>Sends the signals that <see cref="System.Diagnostics.Process"/> cannot.</summary>
internal static partial class Signals
{
    public const int Terminate = 15;

    // The job-control signals are numbered differently on Linux and on the BSDs, macOS among them.
    public static int Stop => OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD() ? 17 : 19;

    public static int Continue => OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD() ? 19 : 18;

    public static void Send(int processId, int signal)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Windows has no signals.");
        }

        if (Kill(processId, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
