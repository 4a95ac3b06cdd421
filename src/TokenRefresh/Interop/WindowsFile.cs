using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>What .NET cannot do to files on Windows, or does with other semantics.</summary>
[SupportedOSPlatform("windows")]
internal static unsafe class WindowsFile
{
    // Kinds and flags of SetFileInformationByHandle.
    private const int Rename = 3;
    private const int RenameEx = 22;
    private const uint ReplaceIfExists = 1;
    private const uint PosixSemantics = 2;

    // Offset of the control bits in a security descriptor, and two of them.
    private const int Control = 2;
    private const ushort AutoInheritRequested = 0x100;
    private const ushort AutoInherited = 0x400;

    private const uint UsualPath = 512;
    private const int LargestAccessList = 64 * 1024;

    /// <summary>Opens a regular file, and does so again for 2 seconds, blocking, while another program has it open without sharing
    /// it.</summary>
    /// <exception cref="IOException">It is no file but a device or a pipe, to which a link may lead.</exception>
    internal static SafeFileHandle Open(string path, FileMode mode, FileAccess access, FileShare share)
    {
        SafeFileHandle file = SharingViolation.Outlast(() => File.OpenHandle(path, mode, access, share));
        if (Kernel32.GetFileType(file) == Kernel32.DiskFile)
        {
            return file;
        }

        file.Dispose();
        throw new IOException($"'{path}' is not a regular file.");
    }

    /// <summary>
    /// The one path of a file or directory, whatever its case, short names, links and substituted or mapped drives were; of a network
    /// drive that is the share. <see langword="null"/> if there is none, or the system does not say.
    /// </summary>
    internal static string? FinalPath(string path)
    {
        using SafeFileHandle file = Open(path, Kernel32.NoAccess, Kernel32.BackupSemantics);
        return file.IsInvalid ? null : FinalPath(file);
    }

    /// <inheritdoc cref="FinalPath(string)"/>
    internal static string? FinalPath(SafeFileHandle file)
    {
        uint length = UsualPath;
        char[] path;
        do
        {
            // What it returns is the length, or the room it needs.
            path = new char[length];
            fixed (char* start = path)
            {
                length = Kernel32.GetFinalPathNameByHandle(file, start, length, flags: 0);
            }
        }
        while (length >= path.Length);

        if (length == 0)
        {
            return null;
        }

        // Only the extended form names some files, such as one whose name ends in a dot.
        var whole = new string(path, 0, (int)length);
        string plain = WindowsPath.FromExtended(whole);
        return Path.GetFullPath(plain) == plain ? plain : whole;
    }

    /// <summary>Asks about what stands at a path, without being in the way of others.</summary>
    internal static FileIdentity? Identify(string path, uint flags)
    {
        using SafeFileHandle file = Open(path, Kernel32.NoAccess, flags);
        return file.IsInvalid ? null : FileIdentity.TryRead(file);
    }

    /// <summary>Creates one directory.</summary>
    /// <returns><see langword="false"/> if something has that name, also one that is being removed: of that the system says that access is
    /// denied.</returns>
    internal static bool TryCreateDirectory(string path)
    {
        if (Kernel32.CreateDirectory(WindowsPath.ToExtended(path), security: 0))
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error == Kernel32.ErrorAlreadyExists
            || (error == Kernel32.ErrorAccessDenied && Identify(path, Kernel32.BackupSemantics | Kernel32.OpenReparsePoint) is not null))
        {
            return false;
        }

        throw new IOException(
            $"'{path}' cannot be created: {Marshal.GetPInvokeErrorMessage(error)} (error {error}).", unchecked((int)0x8007_0000) | error);
    }

    /// <summary>Takes the lock of a whole file, if it is free.</summary>
    /// <returns>0, or the error number.</returns>
    internal static int Lock(SafeFileHandle file)
    {
        NativeOverlapped start = default;
        return Kernel32.LockFileEx(file, Kernel32.Exclusive | Kernel32.FailImmediately, 0, uint.MaxValue, uint.MaxValue, &start)
            ? 0
            : Marshal.GetLastPInvokeError();
    }

    /// <summary>Gives the lock of a whole file back.</summary>
    internal static void Unlock(SafeFileHandle file)
    {
        NativeOverlapped start = default;
        Kernel32.UnlockFileEx(file, 0, uint.MaxValue, uint.MaxValue, &start);
    }

    /// <summary>Asks the system whether it would let this user replace a file, and says why not.</summary>
    internal static string? FindObstacle(string target)
    {
        if (new FileInfo(target) is { Exists: true, IsReadOnly: true })
        {
            return "It is read-only. Take that attribute away with 'attrib -r'.";
        }

        // The right that a rename over the file needs. A program that has it open now is no obstacle: it lets go.
        using SafeFileHandle file = Open(target, Kernel32.Delete, Kernel32.OpenReparsePoint);
        return file.IsInvalid && Marshal.GetLastPInvokeError() == Kernel32.ErrorAccessDenied
            ? "Access is denied. Grant this user the right to delete it, with 'icacls'."
            : null;
    }

    /// <summary>Creates a file that only this user may open, and that no one can while it is held.</summary>
    internal static FileStream CreateTemp(string path, long allocate)
    {
        using WindowsIdentity user = WindowsIdentity.GetCurrent();
        var ownersAlone = new FileSecurity();
        ownersAlone.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        ownersAlone.AddAccessRule(new FileSystemAccessRule(user.User!, FileSystemRights.FullControl, AccessControlType.Allow));
        FileStream stream = new FileInfo(path).Create(
            FileMode.CreateNew,
            FileSystemRights.Read | FileSystemRights.Write | FileSystemRights.ChangePermissions,
            FileShare.None,
            bufferSize: 1,
            FileOptions.None,
            ownersAlone);
        try
        {
            RandomAccess.SetLength(stream.SafeFileHandle, allocate);
            return stream;
        }
        catch
        {
            stream.Dispose();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Gives an open file the access control list of another one, as it is: what is inherited stays marked so.</summary>
    /// <returns>What cannot be kept and how that is put right, or <see langword="null"/>.</returns>
    internal static string? CopyAccess(string from, SafeFileHandle to)
    {
        using SafeFileHandle file = Open(from, Kernel32.ReadControl, Kernel32.OpenReparsePoint);
        byte[] security = new byte[LargestAccessList];
        fixed (byte* start = security)
        {
            if (file.IsInvalid
                || !Kernel32.GetKernelObjectSecurity(file, Kernel32.DiscretionaryAccessList, start, LargestAccessList, out _))
            {
                return AccessProblem();
            }

            // Without the second bit the system takes the first one off.
            ushort* control = (ushort*)(start + Control);
            *control |= (*control & AutoInherited) != 0 ? AutoInheritRequested : (ushort)0;
            return Kernel32.SetKernelObjectSecurity(to, Kernel32.DiscretionaryAccessList, start) ? null : AccessProblem();
        }
    }

    /// <summary>Renames over the target in one step, so that at no moment there is no file of that name.</summary>
    /// <remarks>
    /// Not <c>ReplaceFile</c>: that takes two steps, and may fail between them (1176, 1177) with the old file gone. With POSIX semantics,
    /// on NTFS since Windows 10 1607, a reader that shares deletion is not in the way; elsewhere every reader is, and the save is tried
    /// again.
    /// </remarks>
    internal static void Replace(string path, string target)
    {
        using SafeFileHandle file = Open(path, Kernel32.Delete, Kernel32.OpenReparsePoint);
        int error = file.IsInvalid ? Marshal.GetLastPInvokeError() : RenameTo(file, target, RenameEx, ReplaceIfExists | PosixSemantics);
        if (error is Kernel32.ErrorInvalidFunction or Kernel32.ErrorNotSupported or Kernel32.ErrorInvalidParameter)
        {
            error = RenameTo(file, target, Rename, ReplaceIfExists);
        }

        if (error == Kernel32.ErrorAccessDenied)
        {
            throw new UnauthorizedAccessException($"'{target}' cannot be replaced: {Marshal.GetPInvokeErrorMessage(error)}.");
        }

        if (error != 0)
        {
            throw new IOException(
                $"'{target}' cannot be replaced: {Marshal.GetPInvokeErrorMessage(error)} (error {error}).",
                unchecked((int)0x8007_0000) | error);
        }
    }

    // A disk without access control, such as FAT, keeps no list. A file that is gone has none.
    private static string? AccessProblem() => Marshal.GetLastPInvokeError() == Kernel32.ErrorAccessDenied
        ? "Its access control list cannot be kept: access is denied. Grant this user the right to read it, with 'icacls'."
        : null;

    // FILE_RENAME_INFO: the flags, a handle that is none, the length in bytes, the path.
    private static int RenameTo(SafeFileHandle file, string target, int kind, uint flags)
    {
        string path = WindowsPath.ToExtended(target);
        int lengthAt = 2 * sizeof(nint);
        int size = lengthAt + sizeof(uint) + ((path.Length + 1) * sizeof(char));
        byte[] information = new byte[size];
        fixed (byte* start = information)
        {
            *(uint*)start = flags;
            *(uint*)(start + lengthAt) = (uint)path.Length * sizeof(char);
            path.CopyTo(new Span<char>(start + lengthAt + sizeof(uint), path.Length));
            return Kernel32.SetFileInformationByHandle(file, kind, start, (uint)size) ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    private static SafeFileHandle Open(string path, uint access, uint flags) => Kernel32.CreateFile(
        WindowsPath.ToExtended(path), access, Kernel32.ShareAll, security: 0, Kernel32.OpenExisting, flags, template: 0);
}
