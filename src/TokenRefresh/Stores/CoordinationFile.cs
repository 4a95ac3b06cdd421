using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;
using TokenRefresh.Locking;

namespace TokenRefresh.Stores;

/// <summary>Reads the lock file without the lock: the coordination record, and who holds the lock.</summary>
internal static class CoordinationFile
{
    /// <exception cref="LockUnavailableException">The file is there and cannot be read now. A reader that took it for empty would forget
    /// what must not be sent again.</exception>
    internal static ReadOnlyMemory<byte> ReadRecord(string path, IFileOperations files)
    {
        try
        {
            using SafeFileHandle? file = LockFile.OpenForReading(path, files);
            return file is null ? default : LockFileFormat.ReadRecord(file, files);
        }
        catch (UnauthorizedAccessException)
        {
            return default;
        }
        catch (IOException) when (Directory.Exists(path))
        {
            // A directory holds no record. A caller that wants the lock gets the error.
            return default;
        }
        catch (IOException e)
        {
            string what = $"The coordination record in '{path}' cannot be read";
            throw FileErrors.LockUnavailable(what, e, "Check its disk and its directory.");
        }
    }

    /// <summary>A hint for messages: <see langword="null"/> if no process holds the lock, or that cannot be told.</summary>
    internal static LockHolder? ReadHolder(string path, IFileOperations files)
    {
        try
        {
            using SafeFileHandle? file = LockFile.OpenForReading(path, files);

            // A killed holder leaves its name behind, and the system has taken its lock.
            LockHolder? holder = file is null ? null : LockFileFormat.ReadHolder(file, files);
            return holder is null || (holder.Host == Environment.MachineName && !IsRunning(holder.ProcessId)) ? null : holder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsRunning(int processId)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(processId);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
