using TokenRefresh.Stores;

namespace TokenRefresh.Interop;

/// <summary>The probe that becomes the credentials file.</summary>
internal sealed class TempFile : ITempFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream _stream;

    private TempFile(FileStream stream) => _stream = stream;

    public string Path => _stream.Name;

    internal static TempFile Create(string path, long allocate)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            BufferSize = 0,
            PreallocationSize = allocate,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        var file = new TempFile(Open(path, options));
        if (!OperatingSystem.IsWindows())
        {
            // Shared, since this becomes the credentials file and every managed reader takes a shared lock of its own: an exclusive one would refuse it. Called directly,
            // since the managed one is off under DOTNET_SYSTEM_IO_DISABLEFILELOCKING. Any other failure only means that others may take this for a left-over; the lock still excludes them.
            int errno = Libc.Flock(file._stream.SafeFileHandle, Libc.LockShared | Libc.LockNonBlocking);

            // Left-overs are deleted under an exclusive flock: what still has its name once we have the shared one keeps it.
            if (errno == Libc.EWouldBlock || !File.Exists(path))
            {
                file.Dispose();
                throw new TempFileSweptException(path);
            }

            UnixOwner.GiveToOwnerOf(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, "."), file._stream.SafeFileHandle);
        }

        return file;
    }

    private static FileStream Open(string path, FileStreamOptions options)
    {
        try
        {
            return new FileStream(path, options);
        }
        catch (IOException e) when (!OperatingSystem.IsWindows() && e.HResult == Libc.EWouldBlock)
        {
            throw new TempFileSweptException(path);
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_stream.SafeFileHandle, bytes, 0);
        RandomAccess.SetLength(_stream.SafeFileHandle, bytes.Length);
    }

    public void Flush() => RandomAccess.FlushToDisk(_stream.SafeFileHandle);

    public void InheritFrom(string target)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(target))
        {
            return;
        }

        UnixFileMode mode = File.GetUnixFileMode(target) & OwnerOnly;
        if (mode != OwnerOnly)
        {
            File.SetUnixFileMode(_stream.SafeFileHandle, mode);
        }

        if (FileIdentity.TryRead(target, followLinks: true, out _) is { } owner)
        {
            UnixOwner.Give(_stream.SafeFileHandle, owner);
        }
    }

    public void ReleaseForReplace()
    {
        if (OperatingSystem.IsWindows())
        {
            _stream.Dispose();
        }
    }

    public void Dispose() => _stream.Dispose();
}
