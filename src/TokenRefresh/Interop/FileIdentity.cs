using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>What the system says of one file: which one it is, whose, and in which state.</summary>
/// <remarks>
/// .NET tells neither inode nor owner. <c>statx</c> has one layout on every Linux processor, which <c>stat</c> has not; macOS and FreeBSD
/// have no <c>statx</c>, but one layout of <c>stat</c> each on all processors that .NET runs on. Windows tells no owner here.
/// </remarks>
internal sealed unsafe partial class FileIdentity
{
    private const uint TypeMask = 0xF000;
    private const uint RegularFile = 0x8000;
    private const uint Directory = 0x4000;
    private const uint OwnerReadWrite = 0x180;
    private const uint GroupBits = 0x38;
    private const uint OtherBits = 0x7;

    // Larger than each system's structure: 256 bytes on Linux, 144 on macOS, 224 on FreeBSD, 52 on Windows.
    private const int BufferSize = 256;

    private const int AtCurrentDirectory = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const int AtEmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    // Attributes of statx (linux/stat.h), flags of stat on macOS and FreeBSD (those of the user and those of the system).
    private const ulong LinuxImmutable = 0x10;
    private const ulong LinuxAppendOnly = 0x20;
    private const ulong LinuxMountRoot = 0x2000;
    private const uint BsdImmutable = 0x2_0002;
    private const uint BsdAppendOnly = 0x4_0004;

    internal readonly ulong Device;

    internal readonly ulong Inode;

    internal readonly long Size;

    /// <summary>When the content was last changed, in ticks of a UTC <see cref="DateTime"/>.</summary>
    internal readonly long ModifiedTicks;

    /// <summary>When anything of the file was last changed, its times included; 0 on Windows. No program can set it, as programs that
    /// restore files set the other one.</summary>
    internal readonly long ChangedTicks;

    internal readonly uint UserId;

    internal readonly uint GroupId;

    /// <summary>Type and permissions, as <c>st_mode</c> has them.</summary>
    internal readonly uint Mode;

    /// <summary>How many names the file has; 0 once it is deleted.</summary>
    internal readonly uint Links;

    /// <summary>Whether a mount stands at this very path, so that no rename can replace it; <see langword="null"/> if the system does not
    /// say (Linux before 5.8).</summary>
    internal readonly bool? IsMountPoint;

    internal readonly bool IsImmutable;

    internal readonly bool IsAppendOnly;

    /// <summary>A regular file of mode 0600, on a system of a test's own.</summary>
    internal FileIdentity(ulong inode, long size, long modifiedTicks, uint links, uint userId)
    {
        Inode = inode;
        Size = size;
        ModifiedTicks = modifiedTicks;
        ChangedTicks = modifiedTicks;
        Links = links;
        Mode = RegularFile | OwnerReadWrite;
        UserId = userId;
        IsMountPoint = false;
    }

    private FileIdentity(byte* status)
    {
        byte* modified;
        byte* changed;
        ulong attributes;
        if (OperatingSystem.IsWindows())
        {
            Device = *(uint*)(status + 28);
            Size = ((long)*(uint*)(status + 32) << 32) | *(uint*)(status + 36);
            Links = *(uint*)(status + 40);
            Inode = ((ulong)*(uint*)(status + 44) << 32) | *(uint*)(status + 48);
            Mode = (*(uint*)status & (uint)FileAttributes.Directory) != 0 ? Directory : RegularFile;
            ModifiedTicks = DateTime.FromFileTimeUtc(((long)*(uint*)(status + 24) << 32) | *(uint*)(status + 20)).Ticks;
            IsMountPoint = false;
            return;
        }

        if (Libc.IsLinux)
        {
            Links = *(uint*)(status + 16);
            UserId = *(uint*)(status + 20);
            GroupId = *(uint*)(status + 24);
            Mode = *(ushort*)(status + 28);
            Inode = *(ulong*)(status + 32);
            Size = *(long*)(status + 40);
            changed = status + 96;
            modified = status + 112;
            Device = ((ulong)*(uint*)(status + 136) << 32) | *(uint*)(status + 140);
            attributes = *(ulong*)(status + 8);
            IsMountPoint = (*(ulong*)(status + 56) & LinuxMountRoot) == 0 ? null : (attributes & LinuxMountRoot) != 0;
            IsImmutable = (attributes & LinuxImmutable) != 0;
            IsAppendOnly = (attributes & LinuxAppendOnly) != 0;
        }
        else if (OperatingSystem.IsFreeBSD())
        {
            Device = *(ulong*)status;
            Inode = *(ulong*)(status + 8);
            Links = (uint)*(ulong*)(status + 16);
            Mode = *(ushort*)(status + 24);
            UserId = *(uint*)(status + 28);
            GroupId = *(uint*)(status + 32);
            modified = status + 64;
            changed = status + 80;
            Size = *(long*)(status + 112);
            attributes = *(uint*)(status + 132);
        }
        else
        {
            Device = *(uint*)status;
            Mode = *(ushort*)(status + 4);
            Links = *(ushort*)(status + 6);
            Inode = *(ulong*)(status + 8);
            UserId = *(uint*)(status + 16);
            GroupId = *(uint*)(status + 20);
            modified = status + 48;
            changed = status + 64;
            Size = *(long*)(status + 96);
            attributes = *(uint*)(status + 116);
        }

        if (!Libc.IsLinux)
        {
            IsMountPoint = false;
            IsImmutable = (attributes & BsdImmutable) != 0;
            IsAppendOnly = (attributes & BsdAppendOnly) != 0;
        }

        ModifiedTicks = TicksAt(modified);
        ChangedTicks = TicksAt(changed);
    }

    internal bool IsSticky => Permissions.HasFlag(UnixFileMode.StickyBit);

    /// <summary>What tells this content of this file from any other.</summary>
    internal string Version =>
        string.Create(CultureInfo.InvariantCulture, $"{Device:x}-{Inode:x}-{Size:x}-{ModifiedTicks:x}-{ChangedTicks:x}");

    internal bool IsRegularFile => (Mode & TypeMask) == RegularFile;

    internal bool IsDirectory => (Mode & TypeMask) == Directory;

    /// <summary>Whether it is deliberately a group's: a file that its group may use, and no one outside.</summary>
    internal bool IsSharedWithGroup => IsRegularFile && (Mode & GroupBits) != 0 && (Mode & OtherBits) == 0;

    internal UnixFileMode Permissions => (UnixFileMode)(Mode & 0xFFF);

    /// <summary>Asks about an open file.</summary>
    /// <returns>
    /// <see langword="null"/> if this system cannot be asked: glibc before 2.28, musl before 1.2.5, a sandbox that forbids the call.
    /// </returns>
    internal static FileIdentity? TryRead(SafeFileHandle file)
    {
        byte* status = stackalloc byte[BufferSize];
        if (OperatingSystem.IsWindows())
        {
            return Kernel32.GetFileInformationByHandle(file, status) ? new FileIdentity(status) : null;
        }

        try
        {
            // One declaration of statx for descriptors and paths: each costs a fresh process two compiled methods. The caller keeps the
            // handle alive.
            int result = Libc.IsLinux ? Statx((int)file.DangerousGetHandle(), string.Empty, AtEmptyPath, BasicStats, status)
                : OperatingSystem.IsFreeBSD() || RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Fstat(file, status)
                : FstatWithLongInode(file, status);
            return result == 0 ? new FileIdentity(status) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Asks about what has this name; a link is followed, or asked about itself. <paramref name="errno"/> is 0, or why there is no
    /// answer: ENOENT if there is no such file.</summary>
    /// <returns>
    /// <see langword="null"/> if it cannot be told. Where it must be opened to be asked, as on macOS, that includes what this user may
    /// not read.
    /// </returns>
    [UnsupportedOSPlatform("windows")]
    internal static FileIdentity? TryRead(string path, bool followLinks, out int errno)
    {
        if (!Libc.IsLinux)
        {
            using SafeFileHandle? file = Libc.TryOpenRead(path, followLinks, out errno);
            return file is null ? null : TryRead(file);
        }

        byte* status = stackalloc byte[BufferSize];
        try
        {
            int result = Statx(AtCurrentDirectory, path, followLinks ? 0 : AtSymlinkNoFollow, BasicStats, status);
            errno = result == 0 ? 0 : Marshal.GetLastPInvokeError();
            return errno == 0 ? new FileIdentity(status) : null;
        }
        catch (EntryPointNotFoundException)
        {
            errno = Libc.ENoSys;
            return null;
        }
    }

    internal bool HasSameContentAs(FileIdentity other) =>
        IsSameFileAs(other) && Size == other.Size && ModifiedTicks == other.ModifiedTicks && ChangedTicks == other.ChangedTicks;

    internal bool IsSameFileAs(FileIdentity? other) => other is not null && Inode == other.Inode && Device == other.Device;

    // struct timespec, or statx_timestamp, whose nanoseconds are the first half of the second word: seconds, nanoseconds.
    private static long TicksAt(byte* time) => DateTime.UnixEpoch.Ticks + *(long*)time * TimeSpan.TicksPerSecond + *(uint*)(time + 8) / 100;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static partial int Fstat(SafeFileHandle file, byte* status);

    // On Intel Macs the plain name is the call of 2005, with inodes of 32 bits.
    [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int FstatWithLongInode(SafeFileHandle file, byte* status);
}
