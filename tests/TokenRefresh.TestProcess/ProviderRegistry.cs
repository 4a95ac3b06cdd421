using System.Collections.Concurrent;

namespace TokenRefresh.TestProcess;

/// <summary>The providers of this process, by name.</summary>
internal sealed class ProviderRegistry(Action<string> announce) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ProviderEntry> _entries = new(StringComparer.Ordinal);

    public ProviderEntry this[string name] =>
        _entries.GetValueOrDefault(name) ?? throw new CommandException($"There is no provider '{name}'; use 'create' first.");

    public ProviderEntry NewEntry(IReadOnlyDictionary<string, string> settings) => new(settings, announce);

    public void Create(CommandLine line)
    {
        if (_entries.ContainsKey(line.Name) || !_entries.TryAdd(line.Name, NewEntry(line.Settings)))
        {
            throw new CommandException($"There is a provider '{line.Name}' already; use 'dispose' first.");
        }
    }

    /// <summary>Takes the provider out once its disposal has ended, so that commands meanwhile meet the disposed provider.</summary>
    public async Task DisposeAsync(string name)
    {
        await this[name].DisposeAsync();
        _entries.TryRemove(name, out _);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ProviderEntry entry in _entries.Values)
        {
            await entry.DisposeAsync();
        }
    }
}
