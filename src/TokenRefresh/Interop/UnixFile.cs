using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Stores;

namespace TokenRefresh.Interop;

/// <summary>What .NET cannot do to files on Unix, or does with other semantics.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class UnixFile
{
    private const int EBusy = 16;
    private const int EXDev = 18;

    /// <summary>Calls <c>rename</c> itself: <see cref="File.Move(string, string, bool)"/> answers EXDEV with a copy that is neither atomic nor private.</summary>
    internal static void Replace(string path, string target)
    {
        if (Rename(path, target) == 0)
        {
            return;
        }

        int errno = Marshal.GetLastPInvokeError();
        string message = $"'{target}' cannot be replaced: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).";
        throw errno is EBusy or EXDev ? new CannotReplaceException(message) : new IOException(message, errno);
    }

    /// <summary>Flushes the directory entry of a rename; without it a power cut may bring the old file back, with a refresh token that is spent.</summary>
    internal static void FlushDirectory(string path)
    {
        using SafeFileHandle? directory = Libc.TryOpenRead(path, out int errno);
        if (directory is null)
        {
            throw new IOException($"The directory '{path}' cannot be flushed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).", errno);
        }

        RandomAccess.FlushToDisk(directory);
    }

    /// <summary>Reads a whole file without the <c>flock</c> that every managed open takes: one that another program holds exclusively would refuse it.</summary>
    /// <returns>The bytes, or <see langword="null"/> if the file or its directory is missing.</returns>
    internal static byte[]? Read(string path)
    {
        using SafeFileHandle? file = Libc.TryOpenRead(path, out int errno);
        switch (errno)
        {
            case 0:
                break;
            case Libc.ENoEnt or Libc.ENotDir:
                return null;
            case Libc.EAcces:
                throw new UnauthorizedAccessException($"Access to the path '{path}' is denied.");
            default:
                throw new IOException($"'{path}' cannot be opened: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).", errno);
        }

        // One byte more, so that there is always a read: a directory can be opened, and on some file systems its length is zero, as an empty file's.
        var bytes = new byte[RandomAccess.GetLength(file!) + 1];
        var length = 0;
        for (int read = -1; read != 0 && length < bytes.Length; length += read)
        {
            read = RandomAccess.Read(file!, bytes.AsSpan(length), length);
        }

        return bytes[..length];
    }

    /// <summary>The one path of a file or directory, whatever links led there; <see langword="null"/> if it cannot be followed to something that is there.</summary>
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

    /// <summary>Whether a mount stands at exactly this path, which makes a rename onto it fail with EBUSY for ever.</summary>
    internal static bool IsMountPoint(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            // Field 5 is the mount point, with blanks written as \040.
            string escaped = path.Replace("\\", "\\134", StringComparison.Ordinal).Replace(" ", "\\040", StringComparison.Ordinal);
            return File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ') is { Length: > 4 } fields && fields[4] == escaped);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string path, string target);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);
}
