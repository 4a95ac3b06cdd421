using System.Runtime.InteropServices;

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

    /// <summary>Gives a file of this process to this owner; without the right to do so, nothing happens.</summary>
    internal void ApplyTo(string path)
    {
        if (TryRead(path) is { } present && (present.UserId != UserId || present.GroupId != GroupId))
        {
            // The group alone can also be given by a member of it.
            if (ChangeOwner(path, UserId, GroupId) != 0 && present.UserId == UserId)
            {
                _ = ChangeOwner(path, uint.MaxValue, GroupId);
            }
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

    /// <summary>The same for a directory that root creates.</summary>
    internal static void AdoptFromDirectory(string path)
    {
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && TryRead(Path.GetDirectoryName(path)!) is { } owner)
        {
            owner.ApplyTo(path);
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint userId, uint groupId);
}
