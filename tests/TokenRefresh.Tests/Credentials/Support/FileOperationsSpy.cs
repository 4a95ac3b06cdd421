using System.Collections.Concurrent;
using System.Runtime.Versioning;
using TokenRefresh.Interop;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The real file system, with a note of each call and a place before each at which a test interferes or refuses.</summary>
internal sealed class FileOperationsSpy : FileOperationsDecorator
{
    private readonly ConcurrentQueue<string> _calls = new();

    /// <summary>Gets what was done, in order: the names of the operations, those on the temp file with the prefix <c>temp.</c>.</summary>
    internal IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>Gets or sets what happens before an operation, by its name; what it throws, the operation throws.</summary>
    internal Action<string>? Before { get; set; }

    /// <summary>Gets or sets what a temp file cannot keep of the credentials.</summary>
    internal string? CannotInherit { get; set; }

    /// <summary>Gets or sets the file that cannot be deleted.</summary>
    internal string? CannotDelete { get; set; }

    /// <summary>Gets or sets whether no rename can ever replace a file.</summary>
    internal bool CannotReplace { get; set; }

    /// <summary>Gets or sets what happens in place of a write in place.</summary>
    internal Action<string, byte[]>? WriteInPlaceAs { get; set; }

    /// <summary>Gets or sets what a read returns in place of the file's bytes.</summary>
    internal Func<byte[]?, byte[]?>? ReadAs { get; set; }

    /// <summary>Gets or sets the answer to the question whether a path is a mount point; <see langword="null"/> for the system's.</summary>
    internal bool? MountPoint { get; set; }

    /// <summary>Gets the names of the temp files, whole paths.</summary>
    internal ConcurrentQueue<string> TempPaths { get; } = new();

    public override byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        Note("read");
        byte[]? bytes = base.Read(path, out identity, out isMountPoint);
        isMountPoint = bytes is not null && (MountPoint ?? isMountPoint);
        return ReadAs is { } replace ? replace(bytes) : bytes;
    }

    public override string? FindObstacle(string target)
    {
        Note("find obstacle");
        return base.FindObstacle(target);
    }

    public override ITempFile? TryCreateTemp(string path, long allocate)
    {
        Note("create");
        TempPaths.Enqueue(path);
        return base.TryCreateTemp(path, allocate) is { } temp ? new TempFileSpy(this, temp) : null;
    }

    public override bool TryReplace(string path, string target)
    {
        Note("replace");
        return !CannotReplace && base.TryReplace(path, target);
    }

    public override bool TryMoveAside(string path, string aside)
    {
        Note("move aside");
        return !CannotReplace && base.TryMoveAside(path, aside);
    }

    public override void Delete(string path)
    {
        if (path == CannotDelete)
        {
            throw new UnauthorizedAccessException($"Access to the path '{path}' is denied.");
        }

        base.Delete(path);
    }

    public override void EnsureWritable(string path, long length)
    {
        Note("ensure writable");
        base.EnsureWritable(path, length);
    }

    public override void FlushDirectory(string directory)
    {
        Note("flush directory");
        base.FlushDirectory(directory);
    }

    public override void WriteInPlace(string path, ReadOnlySpan<byte> bytes)
    {
        Note("write in place");
        if (WriteInPlaceAs is { } write)
        {
            write(path, bytes.ToArray());
        }
        else
        {
            base.WriteInPlace(path, bytes);
        }
    }

    private void Note(string operation)
    {
        _calls.Enqueue(operation);
        Before?.Invoke(operation);
    }

    private sealed class TempFileSpy(FileOperationsSpy spy, ITempFile file) : ITempFile
    {
        public string Path => file.Path;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            spy.Note("temp.write");
            file.Write(bytes);
        }

        public void Flush()
        {
            spy.Note("temp.flush");
            file.Flush();
        }

        public string? InheritFrom(string target)
        {
            spy.Note("temp.inherit");
            return spy.CannotInherit ?? file.InheritFrom(target);
        }

        [UnsupportedOSPlatform("windows")]
        public int LockShared() => file.LockShared();

        public void ReleaseForReplace() => file.ReleaseForReplace();

        public void Dispose() => file.Dispose();
    }
}
