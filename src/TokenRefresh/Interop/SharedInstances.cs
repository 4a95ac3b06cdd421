namespace TokenRefresh.Interop;

/// <summary>Counts the users of one instance per path, process-wide; the last one to leave closes it.</summary>
internal sealed class SharedInstances<T>(Func<string, T> create)
    where T : class, IDisposable
{
    private readonly object _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

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
            if (--entry.Users == 0)
            {
                _entries.Remove(path);
                entry.Instance.Dispose();
            }
        }
    }

    private sealed class Entry(T instance)
    {
        internal readonly T Instance = instance;

        internal int Users;
    }
}
