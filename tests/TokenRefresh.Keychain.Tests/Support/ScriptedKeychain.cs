namespace TokenRefresh.Keychain.Tests.Support;

/// <summary>A keychain in memory whose reads and writes a test interferes with.</summary>
internal sealed class ScriptedKeychain : IKeychain
{
    private readonly Dictionary<KeychainItem, byte[]> _items = [];

    public string Name => "a keychain of tests";

    /// <summary>Gets what the next reads return, before those of what is stored.</summary>
    public Queue<byte[]?> NextReads { get; } = [];

    /// <summary>Gets or sets what a write waits for before it happens.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Gets the names of the items that were written, in order.</summary>
    public List<string> Written { get; } = [];

    public int Reads { get; private set; }

    public string? FindProblem(KeychainItem item, ReadOnlyMemory<byte> content) => null;

    public Task<byte[]?> ReadAsync(KeychainItem item, CancellationToken cancellationToken)
    {
        Reads++;
        return Task.FromResult(NextReads.TryDequeue(out byte[]? next) ? next : _items.GetValueOrDefault(item));
    }

    public async Task WriteAsync(KeychainItem item, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await Gate;
        Written.Add(item.Account);
        _items[item] = content.ToArray();
    }

    public Task DeleteAsync(KeychainItem item, CancellationToken cancellationToken)
    {
        _items.Remove(item);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
    }
}
