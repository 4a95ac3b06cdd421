using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;
using TokenRefresh.Tests.Exploration.Machine;

namespace TokenRefresh.Tests.Exploration.Mutants;

/// <summary>Bugs to plant in the file store and its lock: at the seam each looks as it would if the product had it.</summary>
internal sealed class BuggyFiles(Run run, BuggyFiles.Bug bug) : MachineFiles(run)
{
    private readonly List<SafeFileHandle> _temps = [];
    private byte[]? _seen;
    private byte[]? _line;
    private bool _isCheckNext;
    private bool _isLastLookNext;
    private int? _unflushed;

    internal enum Bug
    {
        /// <summary>Whether the path still names the locked file is not asked.</summary>
        NoCheckOfIdentity,

        /// <summary>The temp file is flushed only after it was renamed.</summary>
        RenameBeforeFlush,

        /// <summary>The temp file is renamed without a last look at the credentials.</summary>
        NoLastLook,

        /// <summary>The rename is not made durable.</summary>
        NoFlushOfDirectory,

        /// <summary>A temp file counts as left over though another process holds it.</summary>
        SweepOfWhatIsHeld,

        /// <summary>The own temp file is not held.</summary>
        UnheldTempFile,
    }

    public override byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        bool isSkipped = bug == Bug.NoLastLook && _isLastLookNext;
        _isLastLookNext = false;
        if (isSkipped)
        {
            (identity, isMountPoint) = (null, false);
            return _seen;
        }

        return _seen = base.Read(path, out identity, out isMountPoint);
    }

    public override bool TryReplace(string path, string target)
    {
        bool isReplaced = base.TryReplace(path, target);
        if (_unflushed is { } description)
        {
            base.FlushTemp(description);
        }

        return isReplaced;
    }

    public override void FlushDirectory(string directory)
    {
        if (bug != Bug.NoFlushOfDirectory)
        {
            base.FlushDirectory(directory);
        }
    }

    public override IReadOnlyList<string> List(string directory, string prefix)
    {
        _isCheckNext = true;
        return base.List(directory, prefix);
    }

    [UnsupportedOSPlatform("windows")]
    public override SafeFileHandle? TryOpen(string path, bool forWriting, out FileIdentity? identity, out int errno)
    {
        SafeFileHandle? file = base.TryOpen(path, forWriting, out identity, out errno);
        if (file is not null && path != Disk.LockFile)
        {
            _temps.Add(file);
        }

        return file;
    }

    [UnsupportedOSPlatform("windows")]
    public override int Lock(SafeFileHandle file, int operation)
    {
        int errno = base.Lock(file, operation);
        return bug == Bug.SweepOfWhatIsHeld && _temps.Contains(file) ? 0 : errno;
    }

    public override int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        int length = base.Read(file, buffer, offset);
        if (bug == Bug.NoCheckOfIdentity && _isCheckNext && _line is not null && offset == 0)
        {
            _line.CopyTo(buffer);
            length = _line.Length;
        }

        _isCheckNext = false;
        return length;
    }

    public override void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        base.Write(file, bytes, offset);
        if (offset == 0)
        {
            _line = bytes.ToArray();
            _isCheckNext = true;
        }
    }

    protected override void FlushTemp(int description)
    {
        _isLastLookNext = true;
        if (bug == Bug.RenameBeforeFlush)
        {
            _unflushed = description;
            return;
        }

        base.FlushTemp(description);
    }

    [UnsupportedOSPlatform("windows")]
    protected override int LockTemp(int description) => bug == Bug.UnheldTempFile ? 0 : base.LockTemp(description);
}
