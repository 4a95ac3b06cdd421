using TokenRefresh.Interop;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>
/// A directory, its files, and who has them open: the system calls of the product, each in one step, as POSIX and Linux have them.
/// </summary>
/// <remarks>
/// A <c>flock</c> belongs to an open description and ends with it. Only what was flushed survives a power cut, data and names apart: a
/// rename by a flush of the directory, a new name by that or, as on every journaling file system, by a flush of the file.
/// </remarks>
internal sealed class Disk
{
    internal const string Directory = "/machine";
    internal const string Credentials = Directory + "/credentials";
    internal const string LockFile = Credentials + ".tokenrefresh.lock";

    private const ulong DirectoryNumber = 1;
    private const int NumbersOfEach = 1_000;

    private readonly uint _user = OperatingSystem.IsWindows() ? 0 : Libc.EffectiveUserId;
    private readonly SortedDictionary<string, ulong> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ulong> _durableNames = new(StringComparer.Ordinal);
    private readonly SortedDictionary<ulong, Inode> _inodes = [];
    private readonly SortedDictionary<int, Description> _descriptions = [];

    /// <summary>What stays of the names at a power cut, and what of the data.</summary>
    internal enum Rest
    {
        Durable,
        Torn,
        All,
    }

    internal IEnumerable<string> Names => _names.Keys;

    internal Disk Copy()
    {
        var copy = new Disk();
        foreach ((string name, ulong number) in _names)
        {
            copy._names.Add(name, number);
        }

        foreach ((string name, ulong number) in _durableNames)
        {
            copy._durableNames.Add(name, number);
        }

        foreach ((ulong number, Inode inode) in _inodes)
        {
            copy._inodes.Add(number, inode with { });
        }

        foreach ((int number, Description description) in _descriptions)
        {
            copy._descriptions.Add(number, description with { });
        }

        return copy;
    }

    internal bool Exists(string path) => path == Directory || _names.ContainsKey(path);

    internal Inode? Find(string path) => _names.TryGetValue(path, out ulong number) ? _inodes[number] : null;

    /// <summary>Gets the file that a description is of.</summary>
    internal Inode Of(int description) => _inodes[_descriptions[description].Inode];

    /// <summary>Writes a file from its beginning, as a program that has it open does, and flushes it.</summary>
    internal void Write(ulong number, byte[] bytes)
    {
        _inodes[number].Replace(bytes);
        Flush(_inodes[number]);
    }

    internal FileIdentity? Identify(string path)
    {
        if (path == Directory)
        {
            return new FileIdentity(DirectoryNumber, 0, 0, links: 1, _user);
        }

        return Find(path) is { } inode ? IdentityOf(inode) : null;
    }

    /// <summary>Creates a file; <see langword="null"/> if there is one.</summary>
    /// <param name="path">The name.</param>
    /// <param name="creator">The number of who creates it.</param>
    /// <param name="count">How many that one has created: so the numbers do not depend on what others do.</param>
    internal Inode? Create(string path, int creator, int count)
    {
        var inode = new Inode((ulong)((creator * NumbersOfEach) + count));
        if (!_names.TryAdd(path, inode.Number))
        {
            return null;
        }

        _inodes.Add(inode.Number, inode);
        return inode;
    }

    internal int? Open(string path, int owner, int count)
    {
        if (Find(path) is not { } inode)
        {
            return null;
        }

        int number = (owner * NumbersOfEach) + count;
        _descriptions.Add(number, new Description(inode.Number, owner));
        return number;
    }

    internal void Close(int description) => _descriptions.Remove(description);

    internal void CloseAll(int owner)
    {
        foreach (int number in _descriptions.Where(d => d.Value.Owner == owner).Select(d => d.Key).ToArray())
        {
            _descriptions.Remove(number);
        }
    }

    /// <summary>A <c>flock</c> that does not block.</summary>
    internal bool TryLock(int number, bool isExclusive)
    {
        Description mine = _descriptions[number];
        if (_descriptions.Any(
            d => d.Key != number && d.Value.Inode == mine.Inode && d.Value.IsLocked && (isExclusive || d.Value.IsExclusive)))
        {
            return false;
        }

        mine.IsLocked = true;
        mine.IsExclusive = isExclusive;
        return true;
    }

    internal void Unlock(int number) => _descriptions[number].IsLocked = _descriptions[number].IsExclusive = false;

    /// <summary>Whether a try of this owner at the lock of the file with this name has a chance.</summary>
    internal bool IsLockFree(string path, int owner) =>
        Find(path) is not { } inode || !_descriptions.Any(d => d.Value.Inode == inode.Number && d.Value.IsLocked && d.Value.Owner != owner);

    internal bool HasLock(int owner, string path) =>
        Find(path) is { } inode && _descriptions.Any(d => d.Value.Inode == inode.Number && d.Value.IsExclusive && d.Value.Owner == owner);

    /// <summary>A flush of a file, which on a journaling file system takes its creation along.</summary>
    internal void Flush(Inode inode)
    {
        inode.Flush();
        foreach ((string name, ulong number) in _names)
        {
            if (number == inode.Number && !_durableNames.ContainsKey(name))
            {
                _durableNames.Add(name, number);
            }
        }
    }

    internal void Rename(string from, string to)
    {
        _names[to] = _names[from];
        _names.Remove(from);
    }

    internal void Delete(string path) => _names.Remove(path);

    internal void FlushDirectory()
    {
        _durableNames.Clear();
        foreach ((string name, ulong number) in _names)
        {
            _durableNames.Add(name, number);
        }
    }

    internal void LosePower(Rest names, Rest data)
    {
        _descriptions.Clear();
        foreach (Inode inode in _inodes.Values)
        {
            inode.Content = data switch { Rest.All => inode.Content, Rest.Torn => inode.Torn, _ => inode.Durable };
            inode.Flush();
        }

        if (names != Rest.All)
        {
            _names.Clear();
            foreach ((string name, ulong number) in _durableNames)
            {
                _names.Add(name, number);
            }
        }
    }

    internal void AddTo(ref StateHash state, bool mayLosePower)
    {
        foreach ((string name, ulong number) in _names)
        {
            state.Add(name);
            state.Add((long)number);
        }

        foreach ((string name, ulong number) in mayLosePower ? _durableNames : [])
        {
            state.Add(name);
            state.Add((long)number);
        }

        foreach ((int number, Description description) in _descriptions)
        {
            state.Add(number);
            state.Add((long)description.Inode);
            state.Add(description.IsLocked);
            state.Add(description.IsExclusive);
        }

        foreach (Inode inode in _inodes.Values)
        {
            if (_names.ContainsValue(inode.Number)
                || _durableNames.ContainsValue(inode.Number)
                || _descriptions.Values.Any(d => d.Inode == inode.Number))
            {
                // Of the time of the lock file nothing depends.
                state.Add(inode == Find(LockFile) ? 0 : inode.Writes);
                inode.AddTo(ref state, mayLosePower);
            }
        }
    }

    internal FileIdentity IdentityOf(Inode inode) =>
        new(inode.Number, Extent.SizeOf(inode.Content), inode.Writes, _names.ContainsValue(inode.Number) ? 1u : 0u, _user);

    private sealed record Description(ulong Inode, int Owner)
    {
        internal bool IsLocked { get; set; }

        internal bool IsExclusive { get; set; }
    }
}
