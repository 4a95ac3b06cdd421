using System.IO.Abstractions;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>The real file system: <see cref="IFileSystem"/> for what it can express, .NET or the C library for what it cannot.</summary>
internal sealed class FileOperations(IFileSystem? files = null) : IFileOperations
{
    private const int ResolveTries = 5;
    private const int MaximumSize = 16 * 1024 * 1024;

    private volatile Tuple<string, bool>? _mount;
    private IFileSystem? _files = files;

    internal static readonly FileOperations Default = new();

    // Made when something is written: a valid token on disk is read without it.
    private IFileSystem Files => _files ??= new FileSystem();

    public string Resolve(string path)
    {
        // The directory is resolved too: two names of it must give one lock, one watch and one lock file.
        string? whole = RealPath(path);
        if (whole is null)
        {
            string target = ResolveLink(path);
            string directory = Files.Path.GetDirectoryName(target) ?? target;
            whole = Files.Path.Combine(RealPath(directory) ?? directory, Files.Path.GetFileName(target));
        }

        // A link may lead to what the options would refuse.
        if (OperatingSystem.IsWindows() && WindowsPath.FindProblem(whole) is { } problem)
        {
            throw new IOException($"'{whole}' {problem}");
        }

        return whole;
    }

    public byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        if (!OperatingSystem.IsWindows())
        {
            return ReadOnce(path, out identity, out isMountPoint);
        }

        isMountPoint = false;
        return ReadOnWindows(path, out identity);
    }

    public void CreateDirectory(string path)
    {
        // Not through the abstraction, here and in List: loading it costs a fresh process more than the call.
        if (Directory.Exists(path))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Files.Directory.CreateDirectory(path);
            return;
        }

        string? parent = Files.Path.GetDirectoryName(path);
        if (parent is not null)
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        GiveToOwnerOf(parent, path);
    }

    public bool TryCreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return WindowsFile.TryCreateDirectory(path);
        }

        bool isCreated = UnixFile.TryCreateDirectory(path);
        if (isCreated)
        {
            GiveToOwnerOf(Path.GetDirectoryName(path), path);
        }

        return isCreated;
    }

    public void RemoveDirectory(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Another program has removed it.
        }
    }

    public void SetModified(string path, DateTimeOffset at) => Directory.SetLastWriteTimeUtc(path, at.UtcDateTime);

    public FileIdentity? IdentifyEntry(string path) =>
        OperatingSystem.IsWindows()
            ? WindowsFile.Identify(path, Kernel32.BackupSemantics | Kernel32.OpenReparsePoint)
            : FileIdentity.TryRead(path, followLinks: false, out _);

    public string? FindObstacle(string target) =>
        OperatingSystem.IsWindows() ? WindowsFile.FindObstacle(target) : UnixFile.FindObstacle(target);

    public ITempFile? TryCreateTemp(string path, long allocate) => TempFile.TryCreate(path, allocate);

    public IReadOnlyList<string> List(string directory, string prefix)
    {
        List<string> found = [];
        foreach (string path in Directory.EnumerateFiles(directory))
        {
            if (Path.GetFileName(path.AsSpan()).StartsWith(prefix, StringComparison.Ordinal))
            {
                found.Add(path);
            }
        }

        return found;
    }

    public bool TryReplace(string path, string target)
    {
        if (!OperatingSystem.IsWindows())
        {
            return UnixFile.TryReplace(path, target);
        }

        WindowsFile.Replace(path, target);
        return true;
    }

    public bool TryMoveAside(string path, string aside)
    {
        if (OperatingSystem.IsWindows())
        {
            Files.File.Move(path, aside);
            return true;
        }

        if (!UnixFile.TryReplace(path, aside))
        {
            return false;
        }

        using SafeFileHandle? file = Libc.TryOpenRegular(aside, forWriting: false, out FileIdentity? identity, out _);
        if (file is not null && identity is { Links: 1 })
        {
            // One with another name besides is someone's under that name.
            UnixOwner.TakeAccessOfOthers(file, identity);
        }

        return true;
    }

    public void EnsureWritable(string path, long length)
    {
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (!OperatingSystem.IsWindows())
        {
            UnixFile.Reserve(handle, path, length);
        }
    }

    public void FlushDirectory(string directory)
    {
        if (!OperatingSystem.IsWindows())
        {
            UnixFile.FlushDirectory(directory);
        }
    }

    public void WriteInPlace(string path, ReadOnlySpan<byte> bytes)
    {
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] padded = new byte[Math.Max(RandomAccess.GetLength(handle), bytes.Length)];
        padded.AsSpan(bytes.Length).Fill((byte)' ');
        bytes.CopyTo(padded);
        RandomAccess.Write(handle, padded, 0);
        RandomAccess.FlushToDisk(handle);
    }

    public void Delete(string path) => Files.File.Delete(path);

    [UnsupportedOSPlatform("windows")]
    public void CreateNew(string path)
    {
        // Managed, for the mode from the first system call; closed at once, for its own flock would refuse our P/Invoke one.
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        new FileStream(path, options).Dispose();
    }

    [UnsupportedOSPlatform("windows")]
    public SafeFileHandle? TryOpen(string path, bool forWriting, out FileIdentity? identity, out int errno) =>
        Libc.TryOpenRegular(path, forWriting, out identity, out errno);

    [UnsupportedOSPlatform("windows")]
    public FileIdentity? Identify(string path, bool followLinks, out int errno) => FileIdentity.TryRead(path, followLinks, out errno);

    [UnsupportedOSPlatform("windows")]
    public int Lock(SafeFileHandle file, int operation) => Libc.Flock(file, operation);

    public int Read(SafeFileHandle file, Span<byte> buffer, long offset) => RandomAccess.Read(file, buffer, offset);

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    public void Flush(SafeFileHandle file) => RandomAccess.FlushToDisk(file);

    /// <summary>Whether a temp file was made by this user, by root, by the owner of the credentials, or by a member of the group whose
    /// credentials they are.</summary>
    internal static bool IsOurs(FileIdentity? temp, FileIdentity? credentials) =>
        OperatingSystem.IsWindows()
        || temp is null
        || temp.UserId == 0
        || temp.UserId == Libc.EffectiveUserId
        || temp.UserId == credentials?.UserId
        || (credentials is { IsSharedWithGroup: true } && temp.GroupId == credentials.GroupId);

    // What root makes below a user's directory belongs to that user: one run under sudo must not lock the user out.
    [UnsupportedOSPlatform("windows")]
    private static void GiveToOwnerOf(string? parent, string path)
    {
        using SafeFileHandle? created = UnixOwner.IsRoot ? Libc.TryOpenRead(path, followLinks: false, out _) : null;
        if (created is not null && parent is not null && FileIdentity.TryRead(parent, followLinks: true, out _) is { } around)
        {
            UnixOwner.Give(created, around);
        }
    }

    private static IOException TooLarge(string path) => new($"'{path}' is larger than the 16 MiB that a credentials file may have.");

    private static string? RealPath(string path) =>
        OperatingSystem.IsWindows() ? WindowsFile.FinalPath(path) : UnixFile.RealPath(path);

    private static SafeFileHandle? OpenForReading(string path, out FileIdentity? identity)
    {
        if (!OperatingSystem.IsWindows())
        {
            return UnixFile.OpenForReading(path, out identity);
        }

        identity = null;
        try
        {
            // Delete too, or a writer on Windows could not replace the file while we read it.
            SafeFileHandle file = WindowsFile.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            identity = FileIdentity.TryRead(file);
            return file;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private byte[]? ReadOnWindows(string path, out FileIdentity? identity)
    {
        (byte[]? bytes, identity) = SharingViolation.Outlast(() => (ReadOnce(path, out FileIdentity? read, out _), read));
        return bytes;
    }

    private byte[]? ReadOnce(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        isMountPoint = false;
        using SafeFileHandle? file = OpenForReading(path, out identity);
        if (file is null)
        {
            return null;
        }

        isMountPoint = identity?.IsMountPoint ?? IsMountPoint(path);
        long size = identity?.Size ?? RandomAccess.GetLength(file);
        if (size > MaximumSize)
        {
            throw TooLarge(path);
        }

        // One byte more than the file's size, so that a file that has grown since is noticed.
        var bytes = new byte[size + 1];
        var length = 0;
        for (int read = -1; read != 0 && length < Math.Max(size, 1); length += read)
        {
            read = RandomAccess.Read(file, bytes.AsSpan(length), length);
        }

        if (length > MaximumSize)
        {
            throw TooLarge(path);
        }

        return length == bytes.Length ? bytes : bytes[..length];
    }

    // The table of mounts is read once for each path; what changes later shows in a rename that fails.
    private bool IsMountPoint(string path)
    {
        Tuple<string, bool>? mount = _mount;
        if (mount?.Item1 != path)
        {
            _mount = mount = Tuple.Create(path, !OperatingSystem.IsWindows() && UnixFile.IsMountPoint(path));
        }

        return mount.Item2;
    }

    private string ResolveLink(string path)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return Files.File.Exists(path) || new FileInfo(path).LinkTarget is not null
                    ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path
                    : path;
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // Deleted since, or between the two renames of a replacement on Windows: there is no link to follow.
                return path;
            }
            catch (IOException) when (OperatingSystem.IsWindows() && tries < ResolveTries)
            {
                // On Windows a read during a replacement fails with one of many error codes; the replacement takes microseconds.
            }
        }
    }
}
