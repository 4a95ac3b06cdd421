using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>What .NET cannot do to files on Unix, or does with other semantics.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class UnixFile
{
    private const int EPerm = 1;
    private const int EBusy = 16;
    private const int EXDev = 18;
    private const int ENoSpace = 28;
    private const int EReadOnly = 30;
    private const int EQuota = 122;
    private const int KeepSize = 1;

    /// <summary>Calls <c>rename</c> itself: <see cref="File.Move(string, string, bool)"/> answers EXDEV with a copy that is neither atomic
    /// nor private.</summary>
    internal static bool TryReplace(string path, string target)
    {
        if (Rename(path, target) == 0)
        {
            return true;
        }

        int errno = Marshal.GetLastPInvokeError();
        if (errno is EBusy or EXDev)
        {
            return false;
        }

        throw Error($"'{target}' cannot be replaced", errno);
    }

    /// <summary>Creates one directory, by <c>mkdir</c> itself: .NET does not tell whether it was there before.</summary>
    /// <returns><see langword="false"/> if something has that name.</returns>
    internal static bool TryCreateDirectory(string path)
    {
        const uint ForOwner = 0x1C0;
        int errno = MakeDirectory(path, ForOwner) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (errno is not 0 and not Libc.EExist)
        {
            throw Error($"'{path}' cannot be created", errno);
        }

        return errno == 0;
    }

    /// <summary>Flushes the directory entry of a rename; without it a power cut may bring the old file back, with a refresh token that was
    /// used.</summary>
    internal static void FlushDirectory(string path)
    {
        using SafeFileHandle? directory = Libc.TryOpenRead(path, followLinks: true, out int errno);
        if (directory is null)
        {
            throw Error($"The directory '{path}' cannot be flushed", errno);
        }

        RandomAccess.FlushToDisk(directory);
    }

    /// <summary>Opens a regular file for reading without the <c>flock</c> that every managed open takes: one that another program holds
    /// exclusively would refuse it.</summary>
    /// <returns>The handle, or <see langword="null"/> if the file or its directory is missing.</returns>
    internal static SafeFileHandle? OpenForReading(string path, out FileIdentity? identity)
    {
        SafeFileHandle? file = Libc.TryOpenRegular(path, forWriting: false, out identity, out int errno);
        return errno switch
        {
            0 => file,
            Libc.ENoEnt or Libc.ENotDir => null,
            Libc.EAcces => throw new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
            _ => throw new IOException($"'{path}' cannot be opened: {Libc.Describe(errno)}.", errno),
        };
    }

    /// <summary>The one path of a file or directory, whatever links led there; <see langword="null"/> if it cannot be followed to something
    /// that is there.</summary>
    internal static string? RealPath(string path)
    {
        nint resolved = RealPath(path, 0);
        try
        {
            return resolved == 0 ? null : Marshal.PtrToStringUTF8(resolved);
        }
        finally
        {
            Free(resolved);
        }
    }

    /// <summary>Whether a mount stands at exactly this path, for systems that do not say so in the file's status.</summary>
    internal static bool IsMountPoint(string path)
    {
        try
        {
            // Field 5 is the mount point, with blanks written as \040.
            string escaped = path.Replace("\\", "\\134", StringComparison.Ordinal).Replace(" ", "\\040", StringComparison.Ordinal);
            foreach (string line in File.ReadLines("/proc/self/mountinfo"))
            {
                if (line.Split(' ') is { Length: > 4 } fields && fields[4] == escaped)
                {
                    return true;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then a rename that fails with EBUSY tells.
        }

        return false;
    }

    /// <summary>Gives the format of the file system that holds a directory, if its locks may exclude no one on other machines.</summary>
    internal static string? FindDoubtfulFormat(string directory)
    {
        try
        {
            // On Unix any path will do; it names the file system that holds it. From .NET 10 on with a subtype, as in fuse.sshfs.
            string format = new DriveInfo(directory).DriveFormat;
            int dot = format.IndexOf('.', StringComparison.Ordinal);
            return (dot < 0 ? format : format[..dot]).ToLowerInvariant()
                is "nfs" or "nfs4" or "cifs" or "smb" or "smb2" or "smb3" or "smbfs" or "afpfs" or "afs" or "webdav" or "9p" or "v9fs"
                or "fuse" or "fuse3" or "fuseblk" or "virtiofs" or "ceph" or "lustre" or "drvfs" or "vboxsf" or "prl_fs"
                ? format
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Asks the system whether it would let this user replace a file, and says why not.</summary>
    internal static string? FindObstacle(string target)
    {
        string folder = Path.GetDirectoryName(target)!;
        FileIdentity? directory = FileIdentity.TryRead(folder, followLinks: true, out _);
        if (directory is { IsAppendOnly: true })
        {
            return $"The directory '{folder}' is append-only, so nothing in it can be replaced. Lift that with 'chattr -a'.";
        }

        if (!File.Exists(target))
        {
            return null;
        }

        FileIdentity? file = FileIdentity.TryRead(target, followLinks: false, out _);
        // Linux checks the right to remove a name before it looks at what the name stands for: so rmdir of a file fails with ENOTDIR where
        // a rename onto the file would be allowed. Where it would not be (a mode, a sticky directory, an attribute, a user namespace, a
        // read-only mount), rmdir fails with the error of that rename. On other systems it is always ENOTDIR.
        int errno = RemoveDirectory(target) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno switch
        {
            EReadOnly => "Its file system is read-only. Mount it writable.",
            EPerm or Libc.EAcces when file is { IsImmutable: true } => "It is immutable. Lift that with 'chattr -i'.",
            EPerm or Libc.EAcces when file is { IsAppendOnly: true } => "It is append-only. Lift that with 'chattr -a'.",
            EPerm or Libc.EAcces when directory is { IsImmutable: true } =>
                $"The directory '{folder}' is immutable. Lift that with 'chattr -i'.",
            EPerm or Libc.EAcces when directory is { IsSticky: true } && file?.UserId != Libc.EffectiveUserId =>
                $"It belongs to another user, and in the sticky directory '{folder}' only the owner may replace a file. "
                + "Give the file to this user, or keep it in another directory.",
            EPerm or Libc.EAcces => $"Permission denied (errno {errno}). Make its directory '{folder}' writable for this user.",
            _ => null,
        };
    }

    /// <summary>Allocates room for a longer content of a file without changing what is in it.</summary>
    internal static void Reserve(SafeFileHandle file, string path, long length)
    {
        int errno = OperatingSystem.IsLinux() && Allocate(file, KeepSize, 0, (nint)length) != 0 ? Marshal.GetLastPInvokeError() : 0;
        if (errno is ENoSpace or EQuota)
        {
            throw Error($"There is no room for '{path}'", errno);
        }
    }

    private static IOException Error(string what, int errno) =>
        new($"{what}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).", errno);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string path, string target);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveDirectory(string path);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, nint offset, nint length);
}
