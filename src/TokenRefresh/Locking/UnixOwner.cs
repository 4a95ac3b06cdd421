using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Locking;

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
    /// <remarks>By the descriptor, never by the path: in a directory of another user, root must not follow a link that this user has put in the file's place.</remarks>
    internal void ApplyTo(SafeFileHandle file)
    {
        // The group alone can also be given by a member of it.
        if (ChangeOwner(file, UserId, GroupId) != 0)
        {
            _ = ChangeOwner(file, uint.MaxValue, GroupId);
        }
    }

    /// <summary>What root creates beside a user's file belongs to that user: one run under sudo must not lock everybody out.</summary>
    internal static void AdoptFromDirectory(string path, SafeFileHandle file) => OwnerOfDirectory(path)?.ApplyTo(file);

    /// <summary>The same for a directory; a link in its place is not followed.</summary>
    internal static void AdoptFromParent(string path)
    {
        if (OwnerOfDirectory(path) is { } owner)
        {
            _ = ChangeOwnerOfLink(path, owner.UserId, owner.GroupId);
        }
    }

    private static UnixOwner? OwnerOfDirectory(string path) =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? TryRead(Path.GetDirectoryName(path)!) : null;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint userId, uint groupId);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwnerOfLink(string path, uint userId, uint groupId);
}
