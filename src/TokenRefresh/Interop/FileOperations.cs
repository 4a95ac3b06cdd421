using System.IO.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace TokenRefresh.Interop;

/// <summary>The real file system: <see cref="IFileSystem"/> for what it can express, .NET or the C library for what it cannot.</summary>
internal sealed class FileOperations(IFileSystem files) : IFileOperations
{
    private const int ResolveTries = 5;

    internal static FileOperations Default { get; } = new(new FileSystem());

    public string Resolve(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return ResolveLink(path);
        }

        // The directory too: two aliases of it must give one engine, one watch and one lock file.
        if (UnixFile.RealPath(path) is { } whole)
        {
            return whole;
        }

        string target = ResolveLink(path);
        string directory = files.Path.GetDirectoryName(target)!;
        return files.Path.Combine(UnixFile.RealPath(directory) ?? directory, files.Path.GetFileName(target));
    }

    public bool IsMountPoint(string path) => !OperatingSystem.IsWindows() && UnixFile.IsMountPoint(path);

    public bool Exists(string path) => files.File.Exists(path);

    public byte[]? Read(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            return UnixFile.Read(path);
        }

        try
        {
            // Delete too, or a writer on Windows could not replace the file while we read it.
            using Stream stream = files.File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length == bytes.Length ? bytes : bytes[..length];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            files.Directory.CreateDirectory(path);
        }
        else if (!files.Directory.Exists(path))
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if (Libc.TryOpenRead(path, followLinks: false, out _) is { } created)
            {
                UnixOwner.GiveToOwnerOf(Path.GetDirectoryName(path)!, created);
                created.Dispose();
            }
        }
    }

    public ITempFile CreatePrivate(string path, long allocate) => TempFile.Create(path, allocate);

    public bool TryRemoveLeftOver(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows lets nobody delete a file that its owner has open without sharing that.
            try
            {
                files.File.Delete(path);
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }

        using SafeFileHandle? handle = Libc.TryOpenRead(path, out int errno);
        if (handle is null)
        {
            // Gone, or another user's, which then is no exchange with these credentials. Anything else may hide one.
            return errno is Libc.ENoEnt or Libc.EAcces;
        }

        // Only what is provably held by nobody is deleted: where flock does not work, a left-over stays and the lock alone excludes.
        errno = Libc.Flock(handle, Libc.LockExclusive | Libc.LockNonBlocking);
        if (errno != 0)
        {
            return errno != Libc.EWouldBlock;
        }

        try
        {
            files.File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not ours to delete, but nobody's exchange either.
        }

        return true;
    }

    public IReadOnlyList<string> List(string directory, string prefix, string suffix) =>
        [.. files.Directory.EnumerateFiles(directory).Where(path =>
        {
            ReadOnlySpan<char> name = Path.GetFileName(path.AsSpan());
            return name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal);
        })];

    public void Replace(string path, string target)
    {
        if (!OperatingSystem.IsWindows())
        {
            UnixFile.Replace(path, target);
        }
        else if (files.File.Exists(target))
        {
            // Unlike a move, this works while readers that share deletion have the target open, and keeps its access control list.
            files.File.Replace(path, target, null, ignoreMetadataErrors: true);
        }
        else
        {
            files.File.Move(path, target);
        }
    }

    public void EnsureWritable(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();

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

    public void Delete(string path) => files.File.Delete(path);

    private string ResolveLink(string path)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return files.File.Exists(path) || new FileInfo(path).LinkTarget is not null
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
                // What a replacement shows of itself on Windows has many error codes; it takes microseconds.
            }
        }
    }
}
