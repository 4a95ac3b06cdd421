using System.Runtime.Versioning;

namespace TokenRefresh.Interop;

/// <summary>The temp file that becomes the credentials file.</summary>
internal sealed class TempFile(string path, FileStream stream) : ITempFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerAndGroup = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    public string Path => path;

    // Shared, since this becomes the credentials file and every managed reader takes a shared lock of its own: an exclusive one would
    // refuse it. Called directly, since the managed one is off under DOTNET_SYSTEM_IO_DISABLEFILELOCKING.
    [UnsupportedOSPlatform("windows")]
    public int LockShared() => Libc.Flock(stream.SafeFileHandle, Libc.LockShared | Libc.LockNonBlocking);

    public string? InheritFrom(string target)
    {
        if (OperatingSystem.IsWindows())
        {
            return WindowsFile.CopyAccess(target, stream.SafeFileHandle);
        }

        FileIdentity? old = FileIdentity.TryRead(target, followLinks: false, out _);
        if (old is null)
        {
            UnixOwner.GiveToOwnerOf(target, stream.SafeFileHandle);
            return null;
        }

        UnixFileMode mode = old.Permissions & OwnerOnly;
        bool isOwnerKept = UnixOwner.Give(stream.SafeFileHandle, old) || old.UserId == Libc.EffectiveUserId;
        string? problem = null;
        if (!old.IsSharedWithGroup)
        {
            problem = isOwnerKept ? null
                : $"It belongs to the user {old.UserId}, who could not read it any more after a save by another one. "
                    + "Run as that user, give the file to this one, or make it a group's (mode 0660).";
        }
        else if (FileIdentity.TryRead(stream.SafeFileHandle)?.GroupId == old.GroupId)
        {
            // The owner changes with each member of the group that saves; what counts is that the group keeps its access, and no other gets
            // it.
            mode = old.Permissions & OwnerAndGroup;
        }
        else
        {
            problem = $"It is shared with the group {old.GroupId}, which this user is not in. "
                + "Add this user to the group, or take the group's access to the file away.";
        }

        File.SetUnixFileMode(stream.SafeFileHandle, mode);
        return problem;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(stream.SafeFileHandle, bytes, 0);
        RandomAccess.SetLength(stream.SafeFileHandle, bytes.Length);
    }

    public void Flush() => RandomAccess.FlushToDisk(stream.SafeFileHandle);

    public void ReleaseForReplace()
    {
        if (OperatingSystem.IsWindows())
        {
            stream.Dispose();
        }
    }

    internal static TempFile? TryCreate(string path, long allocate)
    {
        if (OperatingSystem.IsWindows())
        {
            return new TempFile(path, WindowsFile.CreateTemp(path, allocate));
        }

        try
        {
            return new TempFile(path, new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Read,
                BufferSize = 0,
                PreallocationSize = allocate,
                UnixCreateMode = OwnerOnly,
            }));
        }
        catch (IOException e) when (e.HResult == Libc.EWouldBlock)
        {
            // Another process removes left-overs, and locked this file before the managed open could take its own flock.
            return null;
        }
    }

    public void Dispose() => stream.Dispose();
}
