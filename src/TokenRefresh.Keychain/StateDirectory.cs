using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Keychain;

/// <summary>Finds the directory of the lock files: the same for every process of a user, whatever its environment says.</summary>
internal static unsafe partial class StateDirectory
{
    private const int LargestEntry = 65536;

    // struct passwd: two pointers, user and group id, and then on Linux the comment; on macOS a time and two pointers.
    private const int HomeOnLinux = 32;
    private const int HomeOnMacOS = 48;

    [UnsupportedOSPlatform("windows")]
    internal static uint UserId => GetEffectiveUserId();

    /// <exception cref="TokenRefreshConfigurationException">The system knows no home directory of this user.</exception>
    internal static string Find()
    {
        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "token-refresh");
        }

        string home = HomeOf(UserId) ?? throw new TokenRefreshConfigurationException(
            $"The system knows no home directory of user {UserId}. Set 'StateDirectory' to a directory of this user's own.");
        return Path.Combine(
            home, OperatingSystem.IsMacOS() ? "Library/Application Support" : Path.Combine(".local", "state"), "token-refresh");
    }

    /// <summary>Makes the name of an item's files: no other item has it, and it tells neither of its names.</summary>
    internal static string NameOf(KeychainItem item) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{item.Service}\0{item.Account}")), 0, 16).ToLowerInvariant();

    private static string? HomeOf(uint userId)
    {
        var entry = stackalloc byte[256];
        byte[] texts = new byte[LargestEntry];
        fixed (byte* buffer = texts)
        {
            byte* found;
            if (GetUser(userId, entry, buffer, LargestEntry, &found) != 0 || found is null)
            {
                return null;
            }

            string? home = Marshal.PtrToStringUTF8(*(nint*)(found + (OperatingSystem.IsMacOS() ? HomeOnMacOS : HomeOnLinux)));
            return Path.IsPathFullyQualified(home ?? "") && home != "/" ? home : null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int GetUser(uint userId, byte* entry, byte* buffer, nuint length, byte** found);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
