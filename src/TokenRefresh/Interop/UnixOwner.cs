using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>Gives files to the user whose credentials they serve: one run under sudo must not lock that user out.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class UnixOwner
{
    /// <summary>Whether this process can give files away, and so has to.</summary>
    internal static bool IsRoot => Libc.EffectiveUserId == 0;

    /// <summary>The user to whom belongs what is created beside the credentials: the owner of the file, or else of its directory.</summary>
    internal static FileIdentity? TryFind(string credentialsPath) =>
        FileIdentity.TryRead(credentialsPath, followLinks: true, out _) ?? FileIdentity.TryRead(Path.GetDirectoryName(credentialsPath)!, followLinks: true, out _);

    /// <summary>Gives an open file the owner and group of another one; without the right to do so, nothing happens.</summary>
    /// <remarks>
    /// By the handle, never by the path: in a directory of another user, root would give away whatever this user has put in the file's place.
    /// </remarks>
    internal static void Give(SafeFileHandle file, FileIdentity owner)
    {
        // The group alone can also be given by a member of it.
        if (ChangeOwner(file, owner.UserId, owner.GroupId) != 0)
        {
            _ = ChangeOwner(file, uint.MaxValue, owner.GroupId);
        }
    }

    /// <summary>Gives what root has just created beside a user's credentials to that user, wherever this process is root.</summary>
    internal static void GiveToOwnerOf(string credentialsPath, SafeFileHandle file)
    {
        if (IsRoot && TryFind(credentialsPath) is { UserId: not 0 } owner)
        {
            Give(file, owner);
        }
    }

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint userId, uint groupId);
}
