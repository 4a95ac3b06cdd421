using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>What the system says of a file: what it is, whose it is, and what tells one content of it from another.</summary>
/// <remarks>
/// On Linux from one <c>statx</c>, whose layout is the same on every processor; <c>stat</c>'s is not. Elsewhere, and where the C library is older than <c>statx</c> (musl before
/// 1.2.5), from what .NET knows, which is no owner, device or inode.
/// </remarks>
internal readonly partial struct FileStatus
{
    // linux/stat.h and fcntl.h: the same numbers on every processor.
    private const int AtCurrentDirectory = -100;
    private const int AtNoFollow = 0x100;
    private const int AtEmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;
    private const ulong AttributeImmutable = 0x10;
    private const ulong AttributeAppendOnly = 0x20;
    private const ulong AttributeMountRoot = 0x2000;

    private const int TypeMask = 0xF000;
    private const int TypeNamedPipe = 0x1000;
    private const int TypeCharacterDevice = 0x2000;
    private const int TypeDirectory = 0x4000;
    private const int TypeBlockDevice = 0x6000;
    private const int TypeRegular = 0x8000;
    private const int TypeLink = 0xA000;
    private const int TypeSocket = 0xC000;

    private readonly StatxBuffer _data;
    private readonly bool _hasOwner;

    private FileStatus(in StatxBuffer data, bool hasOwner)
    {
        _data = data;
        _hasOwner = hasOwner;
        Exists = true;
    }

    internal bool Exists { get; }

    internal long Size => _data.Size;

    internal bool IsRegular => (_data.Mode & TypeMask) == TypeRegular;

    internal bool IsDirectory => (_data.Mode & TypeMask) == TypeDirectory;

    /// <summary>Gets the permissions, with the sticky bit.</summary>
    internal UnixFileMode Mode => (UnixFileMode)(_data.Mode & 0xFFF);

    /// <summary>Gets the owner, or <see langword="null"/> where the system was not asked.</summary>
    internal uint? UserId => _hasOwner ? _data.UserId : null;

    internal uint GroupId => _data.GroupId;

    internal bool IsImmutable => (_data.Attributes & AttributeImmutable) != 0;

    internal bool IsAppendOnly => (_data.Attributes & AttributeAppendOnly) != 0;

    /// <summary>Gets whether a mount stands at this very path, which no rename can replace; <see langword="null"/> if the system does not say (Linux before 5.8).</summary>
    internal bool? IsMountPoint { get; init; }

    /// <summary>Gets whether the file is deliberately a group's: its group may use it, and nobody outside.</summary>
    internal bool IsForGroup => (_data.Mode & 0x7) == 0 && (_data.Mode & 0x30) != 0;

    /// <summary>Gets what tells this content of this file from any other.</summary>
    /// <remarks>With the time of the last change of the inode, which no program can set back as <c>touch</c> and restoring programs set the time of modification.</remarks>
    internal string Version => string.Create(
        CultureInfo.InvariantCulture,
        $"{_data.DeviceMajor:x}.{_data.DeviceMinor:x}-{_data.Inode:x}-{_data.Size:x}-{_data.Modified.Nanoseconds:x}-{_data.Changed.Nanoseconds:x}");

    /// <summary>Gets what stands there in place of a file, for messages.</summary>
    internal string Kind => (_data.Mode & TypeMask) switch
    {
        TypeRegular => "a file",
        TypeDirectory => "a directory",
        TypeNamedPipe => "a named pipe",
        TypeSocket => "a socket",
        TypeLink => "a symbolic link",
        TypeCharacterDevice or TypeBlockDevice => "a device",
        _ => "something else",
    };

    /// <summary>Asks about an open file.</summary>
    /// <exception cref="IOException">The system does not say.</exception>
    internal static FileStatus Of(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                if (StatxOfDescriptor(file, "", AtEmptyPath, BasicStats, out StatxBuffer data) != 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    throw new IOException($"The file cannot be examined: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).", errno);
                }

                return FromStatx(data);
            }
            catch (EntryPointNotFoundException)
            {
                // As on the other systems.
            }
        }

        return FromHandle(file);
    }

    /// <summary>Asks about what stands at a path; a link is not followed.</summary>
    /// <returns>The status; one that does not exist if nothing is there, or nothing that this user may look at.</returns>
    internal static FileStatus Of(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                return StatxOfPath(AtCurrentDirectory, path, AtNoFollow, BasicStats, out StatxBuffer data) == 0 ? FromStatx(data) : default;
            }
            catch (EntryPointNotFoundException)
            {
                // As on the other systems.
            }
        }

        return FromPath(path);
    }

    /// <summary>Whether the same content of the same file was seen both times, or both times none.</summary>
    internal bool IsSameContent(in FileStatus other) =>
        Exists == other.Exists
        && _data.Inode == other._data.Inode
        && _data.Size == other._data.Size
        && _data.Modified.Nanoseconds == other._data.Modified.Nanoseconds
        && _data.Changed.Nanoseconds == other._data.Changed.Nanoseconds
        && _data.DeviceMajor == other._data.DeviceMajor
        && _data.DeviceMinor == other._data.DeviceMinor;

    private static FileStatus FromStatx(in StatxBuffer data) =>
        new(data, hasOwner: true) { IsMountPoint = (data.AttributesMask & AttributeMountRoot) == 0 ? null : (data.Attributes & AttributeMountRoot) != 0 };

    private static FileStatus FromHandle(SafeFileHandle file)
    {
        StatxBuffer data = default;
        FileAttributes attributes = File.GetAttributes(file);
        data.Mode = (ushort)(attributes.HasFlag(FileAttributes.Directory) ? TypeDirectory : TypeRegular);
        if (data.Mode == TypeRegular)
        {
            try
            {
                data.Size = RandomAccess.GetLength(file);
            }
            catch (NotSupportedException)
            {
                // What cannot be sought: a pipe, a socket, a terminal.
                data.Mode = TypeNamedPipe;
            }
        }

        data.Modified = Timestamp.Of(File.GetLastWriteTimeUtc(file));
        if (!OperatingSystem.IsWindows())
        {
            data.Mode |= (ushort)File.GetUnixFileMode(file);
        }

        return new(data, hasOwner: false) { IsMountPoint = OperatingSystem.IsLinux() ? null : false };
    }

    private static FileStatus FromPath(string path)
    {
        var info = new FileInfo(path);
        if (info.Attributes == (FileAttributes)(-1))
        {
            return default;
        }

        StatxBuffer data = default;
        data.Mode = (ushort)(info.Attributes.HasFlag(FileAttributes.Directory) ? TypeDirectory
            : info.Attributes.HasFlag(FileAttributes.ReparsePoint) && info.LinkTarget is not null ? TypeLink
            : TypeRegular);
        data.Size = data.Mode == TypeRegular ? info.Length : 0;
        data.Modified = Timestamp.Of(info.LastWriteTimeUtc);
        if (!OperatingSystem.IsWindows())
        {
            data.Mode |= (ushort)info.UnixFileMode;
        }

        return new(data, hasOwner: false) { IsMountPoint = OperatingSystem.IsLinux() ? null : false };
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxOfDescriptor(SafeFileHandle file, string path, int flags, uint mask, out StatxBuffer data);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxOfPath(int directory, string path, int flags, uint mask, out StatxBuffer data);

    // struct statx of linux/stat.h.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxBuffer
    {
        [FieldOffset(8)]
        internal ulong Attributes;
        [FieldOffset(20)]
        internal uint UserId;
        [FieldOffset(24)]
        internal uint GroupId;
        [FieldOffset(28)]
        internal ushort Mode;
        [FieldOffset(32)]
        internal ulong Inode;
        [FieldOffset(40)]
        internal long Size;
        [FieldOffset(56)]
        internal ulong AttributesMask;
        [FieldOffset(96)]
        internal Timestamp Changed;
        [FieldOffset(112)]
        internal Timestamp Modified;
        [FieldOffset(136)]
        internal uint DeviceMajor;
        [FieldOffset(140)]
        internal uint DeviceMinor;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timestamp
    {
        private long _seconds;
        private uint _nanoseconds;
        private int _reserved;

        /// <summary>Gets the nanoseconds since 1970; exact until 2262.</summary>
        internal readonly long Nanoseconds => unchecked((_seconds * 1_000_000_000) + _nanoseconds);

        internal static Timestamp Of(DateTime utc)
        {
            long ticks = (utc - DateTime.UnixEpoch).Ticks;
            return new() { _seconds = ticks / TimeSpan.TicksPerSecond, _nanoseconds = (uint)(ticks % TimeSpan.TicksPerSecond * 100), _reserved = 0 };
        }
    }
}
