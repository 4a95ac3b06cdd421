using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace TokenRefresh.Tests.Credentials;

/// <summary>Runs code with the rights of another user. The system keeps those per thread; only the C library's functions change them for
/// all.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class OtherUser
{
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    internal static void SkipUnlessPossible() => Assert.SkipUnless(
        OperatingSystem.IsLinux()
            && Environment.IsPrivilegedProcess
            && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64,
        "Only root on Linux becomes another user.");

    internal static void ChangeOwner(string path, uint userId, uint? groupId = null)
    {
        if (Chown(path, userId, groupId ?? userId) != 0)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    internal static void Run(uint userId, uint groupId, Action act)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                // setgroups, setresgid, setresuid
                if (System(IsArm ? 159 : 116, 0, 0, 0) != 0 || System(IsArm ? 149 : 119, (nint)groupId, (nint)groupId, (nint)groupId) != 0
                    || System(IsArm ? 147 : 117, (nint)userId, (nint)userId, (nint)userId) != 0)
                {
                    throw new IOException(Marshal.GetLastPInvokeErrorMessage());
                }

                act();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            global::System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint System(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint userId, uint groupId);
}
