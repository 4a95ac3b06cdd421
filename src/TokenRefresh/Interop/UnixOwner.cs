using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>Owner, group and link count of a file on Linux.</summary>
/// <remarks>
/// <c>statx</c> has one layout on every Linux architecture; <c>stat</c> has not. On macOS nothing is read, so a new file belongs to whoever runs, as if this class were absent.
/// </remarks>
internal sealed partial record UnixOwner(uint UserId, uint GroupId, uint Links)
{
    private const int AtCurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;
    private const int StatxSize = 256;

    internal static UnixOwner? TryRead(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var buffer = new byte[StatxSize];
        try
        {
            return Statx(AtCurrentDirectory, path, 0, BasicStats, buffer) != 0 ? null : new UnixOwner(
                MemoryMarshal.Read<uint>(buffer.AsSpan(20)),
                MemoryMarshal.Read<uint>(buffer.AsSpan(24)),
                MemoryMarshal.Read<uint>(buffer.AsSpan(16)));
        }
        catch (EntryPointNotFoundException)
        {
            return null; // a C library older than 2018
        }
    }

    /// <summary>Gives an open file to this owner; without the right to do so, nothing happens.</summary>
    internal void ApplyTo(SafeFileHandle file)
    {
        // The group alone can also be given by a member of it.
        if (ChangeOwner(file, UserId, GroupId) != 0)
        {
            _ = ChangeOwner(file, uint.MaxValue, GroupId);
        }
    }

    /// <summary>What root creates beside a user's file belongs to that user: one run under sudo must not lock everybody out.</summary>
    /// <remarks>The user is the owner of the file whose name this one extends (a lock or temp file that of the credentials), or else of the directory.</remarks>
    internal static void AdoptFromNeighbor(string path)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return;
        }

        string directory = Path.GetDirectoryName(path)!;
        UnixOwner? owner = null;
        for (string name = Path.GetFileNameWithoutExtension(path); name.Length > 0 && owner is null; name = Path.GetFileNameWithoutExtension(name))
        {
            owner = TryRead(Path.Combine(directory, name));
            if (!Path.HasExtension(name))
            {
                break;
            }
        }

        (owner ?? TryRead(directory))?.ApplyTo(path);
    }

    // Never through a link: in a directory of another user, root must not change what this user has linked in the file's place.
    private void ApplyTo(string path) => _ = ChangeOwnerOfLink(path, UserId, GroupId);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint userId, uint groupId);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwnerOfLink(string path, uint userId, uint groupId);
}
