using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Interop;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>The system calls of one run. Every one that others can notice, or that can notice others, is a scheduling point.</summary>
/// <remarks>
/// The random parts of names and of the holder's line get numbers on the way to the disk, and the run's own are put in again on the way
/// back: so a run that is repeated sees what it saw.
/// </remarks>
internal class MachineFiles(Run run) : IFileOperations
{
    private const string TempSuffix = ".tokenrefresh.tmp";
    private const int RandomLength = 32;

    private readonly Dictionary<string, string> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _randoms = new(StringComparer.Ordinal);

    protected Run Run { get; } = run;

    // Where the power stays, others notice nothing of what makes a write durable, nor of a temp file's content.
    private bool IsOfDurability => Run.World.Scenario.MayLosePower;

    private static ReadOnlySpan<byte> BeforeNonce => "\"nonce\":\""u8;

    public string Resolve(string path) => path;

    public void CreateDirectory(string path)
    {
    }

    public bool TryCreateDirectory(string path) => throw new NotSupportedException();

    public void RemoveDirectory(string path) => throw new NotSupportedException();

    public void SetModified(string path, DateTimeOffset at) => throw new NotSupportedException();

    public FileIdentity? IdentifyEntry(string path) => throw new NotSupportedException();

    public string? FindObstacle(string target) => null;

    public void EnsureWritable(string path, long length) => throw new NotSupportedException();

    public void WriteInPlace(string path, ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    public virtual byte[]? Read(string path, out FileIdentity? identity, out bool isMountPoint)
    {
        isMountPoint = false;
        Look look = Run.Call("looks at the file", () => LookAt(Run.Disk, path));
        identity = look.Identity;
        return look.Bytes;
    }

    public virtual ITempFile? TryCreateTemp(string path, long allocate)
    {
        string name = ToDisk(path);
        int description = Run.Call("creates a temp file", () =>
        {
            Run.Disk.Create(name, Run.Process.Number, ++Run.Process.Created);
            return Open(name)!.Value;
        });
        return new TempFile(this, path, description);
    }

    public virtual IReadOnlyList<string> List(string directory, string prefix)
    {
        string[] names = Run.Call(
            "lists the temp files",
            () => Run.Disk.Names.Where(n => Path.GetFileName(n).StartsWith(prefix, StringComparison.Ordinal)).ToArray());
        return [.. names.Select(FromDisk)];
    }

    public virtual bool TryReplace(string path, string target)
    {
        string name = ToDisk(path);
        return Run.Call("renames its temp file", () =>
        {
            if (!Run.Disk.Exists(name))
            {
                throw new FailureException(new Failure($"'{target}' cannot be replaced.", Error: 2));
            }

            Run.World.Rules.OnReplace(Run.Process, Run.Disk.Find(name)!);
            Run.Disk.Rename(name, target);
            Run.World.NoteContent();
            return true;
        });
    }

    // No scenario has a file that holds no JSON.
    public bool TryMoveAside(string path, string aside) => throw new NotSupportedException();

    public virtual void FlushDirectory(string directory) =>
        Run.Call("flushes the directory", () => Do(Run.Disk.FlushDirectory), isPoint: IsOfDurability);

    public void Delete(string path)
    {
        string name = ToDisk(path);
        Run.Call("deletes a temp file", () => Do(() => Run.Disk.Delete(name)));
    }

    [UnsupportedOSPlatform("windows")]
    public void CreateNew(string path) => Run.Call("creates the lock file", () =>
        Run.Disk.Create(path, Run.Process.Number, ++Run.Process.Created) is null
            ? throw new FailureException(new Failure("It exists.", Libc.EExist))
            : true);

    [UnsupportedOSPlatform("windows")]
    public virtual SafeFileHandle? TryOpen(string path, bool forWriting, out FileIdentity? identity, out int errno)
    {
        string name = ToDisk(path);
        Found found = Run.Call($"opens {Of(name)}", () => OpenFound(name));
        identity = found.Identity;
        errno = found.Description is null ? Libc.ENoEnt : 0;
        return found.Description is { } description ? Run.Track(new SafeFileHandle(description, ownsHandle: false), description) : null;
    }

    [UnsupportedOSPlatform("windows")]
    public FileIdentity? Identify(string path, bool followLinks, out int errno)
    {
        string name = ToDisk(path);

        // Of the credentials and their directory only the owner is asked, which does not change.
        bool isPoint = name is not (Disk.Credentials or Disk.Directory);
        Found found = Run.Call($"asks about {Of(name)}", () => FoundOf(null, Run.Disk.Identify(name), isPoint), isPoint: isPoint);
        errno = found.Identity is null ? Libc.ENoEnt : 0;
        return found.Identity;
    }

    [UnsupportedOSPlatform("windows")]
    public virtual int Lock(SafeFileHandle file, int operation)
    {
        int description = DescriptionOf(file);
        bool isUnlock = operation == Libc.LockUnlock;
        return Run.Call(isUnlock ? "unlocks" : "tries a lock", () =>
        {
            if (isUnlock)
            {
                Run.World.Settle(Run.Process, Model.Fate.Settled);
                Run.Disk.Unlock(description);
                return 0;
            }

            return Run.Disk.TryLock(description, (operation & Libc.LockExclusive) != 0) ? 0 : Libc.EWouldBlock;
        });
    }

    public virtual int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        int length = buffer.Length;
        int description = DescriptionOf(file);
        Part part = Run.Call("reads the lock file", () =>
        {
            byte[] bytes = new byte[length];
            bytes = bytes[..Extent.Read(Run.Disk.Of(description).Content, bytes, offset)];
            return new Part(bytes, new Extent(offset, bytes).Hash);
        });
        part.Bytes.CopyTo(buffer);
        Translate(buffer[..part.Bytes.Length], _randoms);
        return part.Bytes.Length;
    }

    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        byte[] written = bytes.ToArray();
        NumberNonce(written);
        int description = DescriptionOf(file);
        Run.Call("writes the lock file", () => Do(() => Run.Disk.Of(description).Write(offset, written)));
    }

    public void Flush(SafeFileHandle file)
    {
        int description = DescriptionOf(file);
        Run.Call("flushes the lock file", () => Do(() =>
        {
            Run.Disk.Flush(Run.Disk.Of(description));
            Run.World.NoteFlush(Run.Disk.Of(description));
        }), isPoint: IsOfDurability);
    }

    private static bool Do(Action act)
    {
        act();
        return true;
    }

    internal static Look LookAt(Disk disk, string path) => disk.Find(path) is { } inode
        ? new Look(inode.ToArray(), disk.IdentityOf(inode), HashOf(disk.IdentityOf(inode), Extent.HashOf(inode.Content)))
        : new Look(null, null, default);

    /// <summary>Does what a flush of the temp file does.</summary>
    protected virtual void FlushTemp(int description) =>
        Run.Call("flushes its temp file", () => Do(() => Run.Disk.Flush(Run.Disk.Of(description))), isPoint: IsOfDurability);

    [UnsupportedOSPlatform("windows")]
    protected virtual int LockTemp(int description) =>
        Run.Call("locks its temp file", () => Run.Disk.TryLock(description, isExclusive: false) ? 0 : Libc.EWouldBlock);

    private Found OpenFound(string name)
    {
        FileIdentity? identity = Run.Disk.Identify(name);
        Run.Process.NoteOpen(name == Disk.LockFile, Run.Disk.HasLock(Run.Process.Number, name));
        return FoundOf(Open(name), identity, isSeen: true);
    }

    private static string Of(string name) =>
        name == Disk.LockFile ? "the lock file" : name == Disk.Credentials ? "the file" : "a temp file";

    private static int DescriptionOf(SafeFileHandle file) => (int)file.DangerousGetHandle();

    // Which file it is, and whether it still has its name: that is all that is looked at.
    private static Found FoundOf(int? description, FileIdentity? identity, bool isSeen) =>
        new(description, identity, identity is null ? default : isSeen ? (identity.Inode << 1) + identity.Links : 1);

    private static UInt128 HashOf(FileIdentity identity, UInt128 content)
    {
        var hash = default(StateHash);
        hash.Add((long)identity.Inode);
        hash.Add(identity.ModifiedTicks);
        hash.Add(identity.Size);
        hash.Add(content);
        return hash.Value;
    }

    private static void Translate(Span<byte> line, Dictionary<string, string> words)
    {
        int start = line.IndexOf(BeforeNonce) + BeforeNonce.Length;
        if (start >= BeforeNonce.Length
            && line.Length >= start + RandomLength
            && words.TryGetValue(Encoding.ASCII.GetString(line.Slice(start, RandomLength)), out string? other))
        {
            Encoding.ASCII.GetBytes(other, line[start..]);
        }
    }

    private int? Open(string name) => Run.Disk.Open(name, Run.Process.Number, ++Run.Process.Opened);

    private void NumberNonce(Span<byte> line)
    {
        int start = line.IndexOf(BeforeNonce) + BeforeNonce.Length;
        if (start >= BeforeNonce.Length && line.Length >= start + RandomLength)
        {
            NumberOf(Encoding.ASCII.GetString(line.Slice(start, RandomLength)));
            Translate(line, _numbers);
        }
    }

    private string ToDisk(string path) => Exchange(path, NumberOf);

    private string FromDisk(string path) => Exchange(path, number => _randoms.GetValueOrDefault(number, number));

    private static string Exchange(string path, Func<string, string> exchange)
    {
        if (!path.EndsWith(TempSuffix, StringComparison.Ordinal))
        {
            return path;
        }

        int start = path.Length - TempSuffix.Length - RandomLength;
        return $"{path[..start]}{exchange(path.Substring(start, RandomLength))}{TempSuffix}";
    }

    // The number of a random word of this run; a word that is not of this run is another's number.
    private string NumberOf(string word)
    {
        if (!_numbers.TryGetValue(word, out string? number))
        {
            if (word.StartsWith("00000000000", StringComparison.Ordinal))
            {
                return word;
            }

            number = $"{(Run.Process.Number * 1_000) + _numbers.Count:x32}";
            _numbers.Add(word, number);
            _randoms.Add(number, word);
        }

        return number;
    }

    private sealed class TempFile(MachineFiles files, string path, int description) : ITempFile
    {
        private readonly SafeFileHandle _handle = files.Run.Track(new SafeFileHandle(description, ownsHandle: false), description);

        public string Path => path;

        [UnsupportedOSPlatform("windows")]
        public int LockShared() => files.LockTemp(description);

        public string? InheritFrom(string target) => null;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            byte[] written = bytes.ToArray();
            files.Run.Call(
                "writes its temp file",
                () => Do(() => files.Run.Disk.Of(description).Replace(written)),
                isPoint: files.IsOfDurability);
        }

        public void Flush() => files.FlushTemp(description);

        public void ReleaseForReplace()
        {
        }

        public void Dispose() => _handle.Dispose();
    }
}
