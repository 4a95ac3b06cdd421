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

    /// <summary>The file whose owner gets what is created beside the credentials: the credentials, or else their directory.</summary>
    internal static FileIdentity? TryFind(IFileOperations files, string credentialsPath) =>
        files.Identify(credentialsPath, followLinks: true, out _) ?? TryFindOfDirectory(files, credentialsPath);

    internal static FileIdentity? TryFindOfDirectory(IFileOperations files, string credentialsPath) =>
        files.Identify(Path.GetDirectoryName(credentialsPath)!, followLinks: true, out _);

    /// <summary>Gives an open file the owner and group of another one; without the right to do so, nothing happens.</summary>
    /// <remarks>
    /// By the handle, never by the path: in a directory of another user, root would give away whatever this user has put in the file's
    /// place.
    /// </remarks>
    /// <returns>Whether the owner could be given, and not the group alone.</returns>
    internal static bool Give(SafeFileHandle file, FileIdentity owner)
    {
        if (ChangeOwner(file, owner.UserId, owner.GroupId) == 0)
        {
            return true;
        }

        GiveToGroup(file, owner);
        return false;
    }

    /// <summary>Gives an open file the group of another one, which also a member of that group can do.</summary>
    internal static bool GiveToGroup(SafeFileHandle file, FileIdentity owner) => ChangeOwner(file, uint.MaxValue, owner.GroupId) == 0;

    /// <summary>Leaves an open file to its owner alone; nothing happens if it belongs to another user.</summary>
    internal static void TakeAccessOfOthers(SafeFileHandle file, FileIdentity identity)
    {
        try
        {
            File.SetUnixFileMode(file, identity.Permissions & (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
        catch (UnauthorizedAccessException)
        {
            // Another member's of the group that shares the login: anyone who could read it before still can.
        }
    }

    /// <summary>Gives what root has just created beside a user's credentials to that user, wherever this process is root.</summary>
    internal static void GiveToOwnerOf(string credentialsPath, SafeFileHandle file)
    {
        if (IsRoot && TryFind(FileOperations.Default, credentialsPath) is { UserId: not 0 } owner)
        {
            Give(file, owner);
        }
    }

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint userId, uint groupId);
}
