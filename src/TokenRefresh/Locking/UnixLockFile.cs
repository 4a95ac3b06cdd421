using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Locking;

/// <summary>A lock file under <c>flock(2)</c>: Linux, macOS and the BSDs.</summary>
/// <remarks>
/// Called directly, since <see cref="FileShare.None"/> swallows every error but EWOULDBLOCK (on a file system without locks both of two
/// openers "hold" it) and does nothing when <c>DOTNET_SYSTEM_IO_DISABLEFILELOCKING</c> is set. <c>flock(1)</c> of util-linux takes part.
/// </remarks>
[UnsupportedOSPlatform("windows")]
internal sealed class UnixLockFile(string path, SafeFileHandle handle, FileIdentity? identity, IFileOperations files)
    : LockFile(path, handle, files)
{
    // A program that deletes the file between creation and open does not do so this often in a row.
    private const int OpenTries = 1_000;

    private const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    internal static new UnixLockFile Open(string path, string credentialsPath, IFileOperations files)
    {
        if (path == credentialsPath)
        {
            throw IsTheCredentials(path);
        }

        for (var tries = 1; ; tries++)
        {
            // For writing too: NFS emulates an exclusive flock by a byte-range lock that needs a writable descriptor.
            SafeFileHandle? handle = files.TryOpen(path, forWriting: true, out FileIdentity? identity, out int errno);
            if (handle is not null && identity is not { Links: 0 })
            {
                return Check(path, credentialsPath, handle, identity, files);
            }

            handle?.Dispose();
            if (Libc.IsWrongKind(errno))
            {
                throw Refuse(path, $"cannot be used: {Libc.Describe(errno)}", "Remove it");
            }

            if (handle is null && errno == Libc.ENoEnt && tries < OpenTries)
            {
                Create(path, files);
            }
            else if (handle is null || tries == OpenTries)
            {
                throw CannotBe("opened", path, handle is null ? errno : Libc.ENoEnt);
            }
        }
    }

    internal static new SafeFileHandle? OpenForReading(string path, IFileOperations files)
    {
        SafeFileHandle? file = files.TryOpen(path, forWriting: false, out _, out int errno);
        if (file is null
            && errno is not (Libc.ENoEnt or Libc.EAcces or Libc.ENotDir)
            && errno != Libc.ENameTooLong
            && !Libc.IsWrongKind(errno))
        {
            throw new IOException($"'{path}' cannot be read: {Libc.Describe(errno)}.", errno);
        }

        return file;
    }

    internal override bool TryAcquire()
    {
        int errno = Files.Lock(Handle, Libc.LockExclusive | Libc.LockNonBlocking);
        if (errno is not 0 && errno != Libc.EWouldBlock)
        {
            throw CannotBe("locked", Path, errno);
        }

        return errno == 0;
    }

    internal override void Acquire()
    {
        if (Files.Lock(Handle, Libc.LockExclusive) is not 0 and int errno)
        {
            throw CannotBe("locked", Path, errno);
        }
    }

    internal override void Release() => Files.Lock(Handle, Libc.LockUnlock);

    internal override bool IsAtPath()
    {
        FileIdentity? there = Files.Identify(Path, followLinks: false, out int errno);
        return identity is null || (there is null ? errno is not (Libc.ENoEnt or Libc.ENotDir) : there.IsSameFileAs(identity));
    }

    protected override bool IsOnDoubtfulFileSystem() => UnixFile.FindDoubtfulFormat(System.IO.Path.GetDirectoryName(Path)!) is not null;

    // What stands at the path may be another program's file, or one that another user has put there to have it overwritten by us, by root
    // at worst. So before the first byte is written: is it a lock file, and one that only those can write who can write the credentials?
    // Where the system cannot be asked (FileIdentity), the content alone decides.
    private static UnixLockFile Check(
        string path, string credentialsPath, SafeFileHandle file, FileIdentity? identity, IFileOperations files)
    {
        try
        {
            FileIdentity? owner = identity is null ? null : UnixOwner.TryFind(files, credentialsPath);
            if (identity is not null)
            {
                CheckOwnership(path, credentialsPath, identity, owner, files);
            }

            if (!LockFileFormat.IsLockFile(file, files))
            {
                throw IsForeign(path);
            }

            if (identity is not null && owner is not null)
            {
                ShareWith(owner, file, identity);
            }

            return new UnixLockFile(path, file, identity, files);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void CheckOwnership(
        string path, string credentialsPath, FileIdentity identity, FileIdentity? owner, IFileOperations files)
    {
        if (identity.IsSameFileAs(owner))
        {
            throw IsTheCredentials(path);
        }

        if (identity.Links > 1)
        {
            throw HasOtherNames(path, identity.Links);
        }

        bool isOfGroup = owner is not null && owner.GroupId == identity.GroupId;
        bool isOfMember = isOfGroup && owner!.IsSharedWithGroup;
        uint user = identity.UserId;
        if (user != 0 && user != Libc.EffectiveUserId && !isOfMember
            && user != owner?.UserId && user != UnixOwner.TryFindOfDirectory(files, credentialsPath)?.UserId)
        {
            throw Refuse(path, $"belongs to another user ({user}), who could keep every refresh waiting", "Remove it");
        }

        UnixFileMode excess = identity.Permissions & (UnixFileMode.OtherWrite | UnixFileMode.GroupWrite);
        if (isOfMember || (isOfGroup && owner!.Permissions.HasFlag(UnixFileMode.GroupWrite)))
        {
            excess &= ~UnixFileMode.GroupWrite;
        }

        // A disk without permissions (drvfs, exFAT) shows every file as everyone's, the credentials too; then the lock file adds no danger.
        if (owner is { IsRegularFile: true })
        {
            excess &= ~(owner.Permissions & UnixFileMode.OtherWrite);
        }

        if (excess != UnixFileMode.None)
        {
            string mode = Convert.ToString((int)identity.Permissions, 8);
            throw Refuse(path, $"can be written by others than the owner of the credentials (mode {mode})", "Do 'chmod 600' on it");
        }
    }

    // What root creates belongs to the user whose credentials it guards, or one run under sudo would lock that user out; and the lock of
    // a group's credentials to that group.
    private static void ShareWith(FileIdentity owner, SafeFileHandle file, FileIdentity identity)
    {
        if (identity.UserId != Libc.EffectiveUserId)
        {
            return;
        }

        if (identity.UserId == 0 && owner.UserId != 0)
        {
            UnixOwner.Give(file, owner);
        }

        if (owner.IsSharedWithGroup
            && identity.Permissions == ForOwner
            && (identity.GroupId == owner.GroupId || UnixOwner.GiveToGroup(file, owner)))
        {
            File.SetUnixFileMode(file, ForOwner | ForGroup);
        }
    }

    private static void Create(string path, IFileOperations files)
    {
        try
        {
            files.CreateNew(path);
        }
        catch (IOException e) when (e.HResult == Libc.EWouldBlock || e.HResult == Libc.EExist || File.Exists(path))
        {
            // Another process created it first, or had it locked before the managed open could take its own flock. It may be deleted
            // again by now.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // HResult is the errno, 30 for a read-only file system, unless .NET has a type for it.
            int errno = e switch
            {
                UnauthorizedAccessException => Libc.EAcces,
                DirectoryNotFoundException => Libc.ENoEnt,
                PathTooLongException => Libc.ENameTooLong,
                _ => e.HResult & 0xFFFF,
            };
            throw CannotBe("created", path, errno, e);
        }
    }
}
