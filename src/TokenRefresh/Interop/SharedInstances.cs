namespace TokenRefresh.Interop;

/// <summary>Counts the users of one instance per path, process-wide; the last one to leave closes it.</summary>
internal sealed class SharedInstances<T>(Func<string, T> create, Func<T, bool> canClose)
    where T : class, IDisposable
{
    private readonly object _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);

    internal T Rent(string path)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(path, out Entry? entry))
            {
                _entries.Add(path, entry = new Entry(create(path)));
            }

            entry.Users++;
            return entry.Instance;
        }
    }

    internal void Return(string path)
    {
        lock (_lock)
        {
            Entry entry = _entries[path];
            entry.Users--;
            CloseIfUnused(path, entry);
        }
    }

    /// <summary>Closes an instance that could not be closed when its last user left.</summary>
    internal void Reconsider(string path)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(path, out Entry? entry))
            {
                CloseIfUnused(path, entry);
            }
        }
    }

    private void CloseIfUnused(string path, Entry entry)
    {
        if (entry.Users == 0 && canClose(entry.Instance))
        {
            _entries.Remove(path);
            entry.Instance.Dispose();
        }
    }

    private sealed class Entry(T instance)
    {
        internal T Instance { get; } = instance;

        internal int Users { get; set; }
    }
}
